// SPDX-License-Identifier: MIT
// Raw WebSocket as a session: its name, its return, what becomes of it where it is slow, and what it may.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask, eventually, parked } from '../support/talk.js';
import { Peer, frame } from '../support/wire.js';

const LIMIT = 65536;
let server;
let rooms = 0;
before(async () => {
  server = await startServer('serve', ['--workers', '4', '--channel', 'drop:*=slow:drop,history:1000', '--channel', 'last:*=slow:conflate',
    '--channel', 'users:*=publish:users']);
});
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = (prefix = 'raw') => `${prefix}${++rooms}`;
const path = (channel, query = '') => `/channels/${encodeURIComponent(channel)}${query}`;

async function publish(channel, body) {
  const answer = await fetch(server.url + path(channel), { method: 'POST', body });
  assert.equal(answer.status, 201);
  return (await answer.json()).cursor;
}

/** A raw WebSocket; `next` waits for what it hears. */
class Raw {
  heard = [];
  #wakers = [];

  static async open(channel, query, options = {}) {
    const raw = new Raw();
    raw.socket = new WebSocket(server.ws + path(channel, query), options);
    raw.socket.on('upgrade', (answer) => { raw.session = answer.headers['godwit-session']; });
    raw.socket.on('message', (data) => { raw.heard.push(data.toString()); raw.#wake(); });
    raw.closed = new Promise((resolve) => raw.socket.on('close', (code) => { raw.end = code; raw.#wake(); resolve(code); }));
    await once(raw.socket, 'open');
    return raw;
  }

  #wake() { this.#wakers.splice(0).forEach((waker) => waker()); }

  async next() {
    while (!this.heard.length) {
      if (this.end) throw new Error(`closed with ${this.end}`);
      await new Promise((resolve) => this.#wakers.push(resolve));
    }
    return this.heard.shift();
  }

  async close() { this.socket.close(); await this.closed; }
  async cut() { this.socket.terminate(); await this.closed; }
}

test('who says that it will resume goes on where it was, on any worker', async () => {
  const channel = fresh();
  const first = await Raw.open(channel, '?session=new');
  assert.match(first.session, /^[0-9A-Za-z_-]{24}$/);
  await publish(channel, 'one');
  assert.equal(await first.next(), 'one');
  await first.cut();
  await parked(server, first.session);
  await publish(channel, 'two');
  for (const expected of ['two', 'three', 'four', 'five', 'six']) {
    const again = await Raw.open(channel, `?session=${first.session}`);
    assert.equal(again.session, first.session);
    assert.equal(await again.next(), expected);
    await again.cut();
    await parked(server, first.session);
    await publish(channel, { two: 'three', three: 'four', four: 'five', five: 'six', six: 'end' }[expected]);
  }
});

test('without that a session is over with its connection, and with a clean close', async () => {
  const channel = fresh();
  for (const query of ['', '?session=new']) {
    const first = await Raw.open(channel, query);
    await (query ? first.close() : first.cut());
    await eventually(async () => (await ask(server, 'GET', `/sessions/${first.session}`)).status === 404, 'the end of the session');
    const again = await Raw.open(channel, `?session=${first.session}`);
    assert.notEqual(again.session, first.session);
    await again.close();
  }
});

test('a close ends what may be resumed with 1000, 1001 or no code, and with no other; godwit.v1 alike', async () => {
  for (const target of [path(fresh(), '?session=new'), '/ws'])
    for (const code of [1000, undefined, 1001, 4000]) {
      const protocols = target === '/ws' ? ['godwit.v1'] : [];
      const open = async (url) => {
        const socket = new WebSocket(server.ws + url, protocols);
        const [answer] = await once(socket, 'upgrade');
        if (socket.readyState !== WebSocket.OPEN) await once(socket, 'open');
        return { session: answer.headers['godwit-session'], close: (why) => { socket.close(why); return once(socket, 'close'); } };
      };
      const first = await open(target);
      await first.close(code);
      const again = await open(`${target.split('?')[0]}?session=${first.session}`);
      assert.equal(again.session === first.session, code === 4000, `${target} ${code}`);
      await again.close();
    }
});

test('its user is present, and is who its publications are from', async () => {
  const channel = fresh();
  const witness = await Talker.open(server, path(channel));
  const raw = await Raw.open(channel, '?user=ann%20b');
  assert.equal((await witness.until('join')).line, `join ${channel} ann%20b`);
  raw.socket.send('hello');
  const msg = await witness.until('msg');
  assert.deepEqual([msg.options.from, msg.body], ['ann b', 'hello']);
  const users = await witness.ask(`who ${channel} id=1`, '1');
  assert.equal(users.body, 'ann%20b 1');
  await Promise.all([raw.close(), witness.close()]);
});

test('who may not publish is closed with 4403, who may hear it hears', async () => {
  const channel = fresh('users:');
  const named = await Raw.open(channel, '?user=ann');
  const nameless = await Raw.open(channel);
  named.socket.send('heard');
  assert.equal(await nameless.next(), 'heard');
  nameless.socket.send('not heard');
  assert.equal(await nameless.closed, 4403);
  await named.close();
});

test('another user\'s inbox is 403', async () => {
  const [error] = await once(new WebSocket(server.ws + path('inbox:ann', '?user=bob')), 'error');
  assert.match(error.message, /403/);
});

test('a session ended by the API is closed with 4403', async () => {
  const raw = await Raw.open(fresh());
  assert.ok((await fetch(`${server.url}/sessions/${raw.session}`, { method: 'DELETE' })).ok);
  assert.equal(await raw.closed, 4403);
});

/** Publishes pages while this reader does not read, and lets it read again. */
async function flood(raw, channel, pages) {
  raw.socket.pause();
  const publisher = await Talker.open(server, '/ws', { perMessageDeflate: false });
  for (let n = 1; n <= pages; n++) {
    publisher.say(`pub ${channel} id=${n}\n${String(n).padEnd(LIMIT, '.')}`);
    if (n % 20 === 0) for (let k = 0; k < 20; k++) await publisher.until('ok');
  }
  await publisher.close();
  raw.socket.resume();
}

test('a slow reader in a channel that drops has no room to be told: 4504', async () => {
  const channel = fresh('drop:');
  const raw = await Raw.open(channel, '', { perMessageDeflate: false });
  await flood(raw, channel, 300);
  assert.equal(await raw.closed, 4504);
  raw.heard.forEach((body, i) => assert.equal(parseInt(body, 10), i + 1));
  assert.ok(raw.heard.length < 300);
});

test('a slow reader in a channel that conflates gets the newest', async () => {
  const channel = fresh('last:');
  const raw = await Raw.open(channel, '', { perMessageDeflate: false });
  await flood(raw, channel, 300);
  let last = 0, got = 0;
  for (; last < 300; got++) {
    const next = parseInt(await raw.next(), 10);
    assert.ok(next > last);
    last = next;
  }
  assert.ok(got < 150, `${got} of 300 came`);
  await raw.close();
});

test('payloads are compressed once for all who take it', async () => {
  const channel = fresh();
  const fields = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const peers = await Promise.all([fields, fields, {}].map((some) => Peer.open(server, { path: path(channel), fields: some })));
  peers[2].send(frame(1, 'x'.repeat(5000)));
  const [a, b, plain] = await Promise.all(peers.map((peer) => peer.readFrame()));
  assert.deepEqual([a.rsv, b.rsv, plain.rsv], [4, 4, 0]);
  assert.deepEqual(a.payload, b.payload);
  assert.equal(plain.payload.toString(), 'x'.repeat(5000));
  peers.forEach((peer) => peer.destroy());
});
