// SPDX-License-Identifier: MIT
// Channels over plain HTTP and raw WebSocket: publish, poll, hear, recover.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { startServer } from '../support/server.js';
import { frame, upgrade } from '../support/wire.js';

const WORKERS = 3;
const LIMIT = 65536;
const FOREIGN = 'abcdefghijkl:0';
let server;
let rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', String(WORKERS)]); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

/** A channel of its own for each test. */
const fresh = () => `test/room ${++rooms}`;
const path = (channel) => '/channels/' + channel.split('/').map(encodeURIComponent).join('/');
const url = (channel, query = '') => server.url + path(channel) + query;

async function poll(channel, query) {
  const answer = await fetch(url(channel, query));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/json/);
  return answer.json();
}

async function publish(channel, body, type, query) {
  const answer = await fetch(url(channel, query), { method: 'POST', body, headers: type ? { 'Content-Type': type } : {} });
  assert.equal(answer.status, 201);
  return answer.json();
}

/** A raw WebSocket that remembers what it heard. */
class Listener {
  heard = [];
  #wakers = [];

  constructor(channel, query = '') {
    this.socket = new WebSocket(server.ws + path(channel) + query, { perMessageDeflate: false });
    this.socket.on('message', (data, isBinary) => {
      this.heard.push(isBinary ? data : data.toString());
      this.#wake();
    });
    this.closed = once(this.socket, 'close').then(([code, reason]) => {
      this.end = { code, reason: reason.toString() };
      this.#wake();
      return this.end;
    });
    this.socket.on('error', () => {});
  }

  static async open(channel, query) {
    const listener = new Listener(channel, query);
    await once(listener.socket, 'open');
    return listener;
  }

  #wake() {
    for (const waker of this.#wakers.splice(0)) waker();
  }

  /** Until it has heard `n` messages. */
  async hears(n) {
    while (this.heard.length < n) {
      if (this.end) throw new Error(`closed with ${this.end.code} after ${this.heard.length} of ${n} messages`);
      await new Promise((resolve) => this.#wakers.push(resolve));
    }
    return this.heard;
  }

  async close() {
    this.socket.close();
    await this.closed;
  }
}

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
const texts = (page) => page.publications.map((p) => p.text);

async function isProblem(answer, status) {
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  const problem = await answer.json();
  assert.equal(problem.status, status);
  assert.equal(typeof problem.title, 'string');
}

// ---- polling and publishing

test('an unused channel is empty, and its cursor leads to its first publication', async () => {
  const channel = fresh();
  const empty = await poll(channel);
  assert.deepEqual(empty, { channel, cursor: empty.cursor, recovered: true, publications: [] });
  const { cursor } = await publish(channel, 'first');
  const page = await poll(channel, `?after=${encodeURIComponent(empty.cursor)}`);
  assert.equal(page.recovered, true);
  assert.deepEqual(texts(page), ['first']);
  assert.equal(page.cursor, cursor);
});

test('a publication is answered with its cursor and polled as what it is', async () => {
  const channel = fresh();
  const bytes = Buffer.from([0, 255, 10, 128]);
  assert.deepEqual(Object.keys(await publish(channel, 'grüß "dich"\n', 'text/plain')), ['channel', 'cursor', 'duplicate']);
  await publish(channel, '{"a":\n [1,2]}', 'application/json', '?event=news%20flash');
  await publish(channel, bytes, 'application/octet-stream');
  await publish(channel, Buffer.from('gr\xfc\xdf', 'latin1'), 'text/plain');
  await publish(channel, 'not json', 'application/json');
  await publish(channel, 'hello', 'application/x-www-form-urlencoded');
  await publish(channel, '');
  const { publications, cursor } = await poll(channel);
  assert.deepEqual(publications.map((p) => p.offset), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(publications.at(-1).cursor, cursor);
  for (const p of publications) assert.ok(Math.abs(Date.parse(p.time) - Date.now()) < 60_000);
  const rest = publications.map(({ offset, cursor: _, time, ...others }) => others);
  assert.deepEqual(rest, [
    { text: 'grüß "dich"\n' },
    { event: 'news flash', data: { a: [1, 2] } },
    { base64: bytes.toString('base64') },
    { base64: Buffer.from('gr\xfc\xdf', 'latin1').toString('base64') },
    { text: 'not json' },
    { text: 'hello' },
    { text: '' },
  ]);
});

test('a history is read in pages', async () => {
  const channel = fresh();
  for (const n of numbers(1, 25)) await publish(channel, n);
  let page = await poll(channel, '?limit=10');
  assert.deepEqual(texts(page), numbers(1, 10));
  page = await poll(channel, `?limit=10&after=${page.cursor}`);
  assert.deepEqual(texts(page), numbers(11, 20));
  page = await poll(channel, `?limit=10&after=${page.cursor}`);
  assert.deepEqual(texts(page), numbers(21, 25));
  page = await poll(channel, `?limit=10&after=${page.cursor}`);
  assert.deepEqual([page.recovered, texts(page)], [true, []]);
});

test('what the history no longer holds is counted, what it never held is told', async () => {
  const channel = fresh();
  const { cursor } = await poll(channel);
  for (const n of numbers(1, 130)) await publish(channel, n);
  const page = await poll(channel, `?after=${cursor}`);
  assert.deepEqual([page.recovered, page.missed, texts(page)], [false, 30, numbers(31, 130)]);
  const stranger = await poll(channel, `?after=${FOREIGN}`);
  assert.deepEqual([stranger.recovered, 'missed' in stranger, stranger.cursor], [false, false, page.cursor]);
  const future = await poll(channel, `?after=${page.cursor.replace(/:.*/, ':131')}`);
  assert.equal(future.recovered, false);
});

test('HEAD answers as GET does, without the body', async () => {
  const answer = await fetch(url(fresh()), { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '');
});

test('what is malformed is refused with a problem', async () => {
  const channel = fresh();
  for (const query of ['?after=1', '?after=', '?after=abcdefghijkl:01', '?limit=0', '?limit=x', '?echo=perhaps'])
    await isProblem(await fetch(url(channel, query)), 400);
  for (const name of ['', '/a', 'a/', 'a%0Ab', '%FF', 'x'.repeat(256)]) await isProblem(await fetch(`${server.url}/channels/${name}`), 400);
  await isProblem(await fetch(url(channel, '?event=a%0Ab'), { method: 'POST', body: 'x' }), 400);
  await isProblem(await fetch(url(channel), { method: 'POST', body: 'x', headers: { 'Content-Encoding': 'gzip' } }), 415);
  const answer = await fetch(url(channel), { method: 'PATCH', body: 'x' });
  assert.equal(answer.headers.get('allow'), 'GET, HEAD, POST, DELETE, OPTIONS');
  await isProblem(answer, 405);
  assert.deepEqual((await poll(channel)).publications, []);
});

test('DELETE drops the history; who hears the channel goes on with offset 1, who comes back with an old cursor is told', async () => {
  const channel = fresh();
  for (const n of numbers(1, 5)) await publish(channel, n);
  const { cursor } = await poll(channel);
  const listener = await Listener.open(channel);
  const answer = await fetch(url(channel), { method: 'DELETE' });
  assert.deepEqual([answer.status, await answer.text()], [204, '']);
  const empty = await poll(channel);
  assert.deepEqual(texts(empty), []);
  const after = await publish(channel, 'after');
  assert.equal(after.cursor.split(':')[1], '1');
  assert.notEqual(after.cursor.split(':')[0], cursor.split(':')[0]);
  assert.deepEqual(await listener.hears(1), ['after']);
  const late = await poll(channel, `?after=${cursor}`);
  assert.deepEqual([late.recovered, texts(late)], [false, ['after']]);
  assert.deepEqual(texts(await poll(channel, `?after=${empty.cursor}`)), ['after']);
  await listener.close();
});

test('a body is as long as the limit and no longer', async () => {
  const channel = fresh();
  await publish(channel, 'x'.repeat(LIMIT));
  const answer = await fetch(url(channel), { method: 'POST', body: 'x'.repeat(LIMIT + 1) });
  assert.equal(answer.status, 413);
  await answer.text();
  assert.equal((await poll(channel)).publications.length, 1);
});

test('a page of another site neither reads nor writes', async () => {
  const channel = fresh();
  const headers = { Origin: 'https://evil.example' };
  assert.equal((await fetch(url(channel), { headers })).status, 403);
  assert.equal((await fetch(url(channel), { headers, method: 'POST', body: 'x' })).status, 403);
  const socket = new WebSocket(server.ws + path(channel), { headers });
  const [error] = await once(socket, 'error');
  assert.match(error.message, /403/);
  assert.deepEqual((await poll(channel)).publications, []);
});

// ---- raw WebSocket

test('what one says, all hear, the sender too, text as text and bytes as bytes', async () => {
  const channel = fresh();
  const listeners = await Promise.all(numbers(1, 6).map(() => Listener.open(channel)));
  listeners[0].socket.send('hello');
  await listeners[5].hears(1);
  listeners[5].socket.send(Buffer.from([1, 2, 3]));
  for (const listener of listeners) assert.deepEqual(await listener.hears(2), ['hello', Buffer.from([1, 2, 3])]);
  await publish(channel, 'from afar');
  for (const listener of listeners) assert.equal((await listener.hears(3))[2], 'from afar');
  const page = await poll(channel);
  assert.deepEqual(page.publications.map((p) => p.text ?? p.base64), ['hello', 'AQID', 'from afar']);
  await Promise.all(listeners.map((listener) => listener.close()));
});

test('everybody hears the same order, on every worker', async () => {
  const channel = fresh();
  const listeners = await Promise.all(numbers(1, 12).map(() => Listener.open(channel)));
  listeners.forEach((listener, i) => { for (let n = 0; n < 100; n++) listener.socket.send(`${i} ${n}`); });
  const [first, ...others] = await Promise.all(listeners.map((listener) => listener.hears(1200)));
  for (const other of others) assert.deepEqual(other, first);
  for (let i = 0; i < 12; i++)
    assert.deepEqual(first.filter((text) => text.startsWith(`${i} `)), Array.from({ length: 100 }, (_, n) => `${i} ${n}`));
  await Promise.all(listeners.map((listener) => listener.close()));
});

test('echo=no leaves out what one has said oneself, and nothing else', async () => {
  const channel = fresh();
  const silent = await Listener.open(channel, '?echo=no');
  const other = await Listener.open(channel);
  for (let n = 0; n < 50; n++) {
    silent.socket.send(`silent ${n}`);
    other.socket.send(`other ${n}`);
  }
  const all = await other.hears(100);
  assert.deepEqual(await silent.hears(50), all.filter((text) => text.startsWith('other')));
  await publish(channel, 'end');
  assert.equal((await silent.hears(51))[50], 'end');
  await Promise.all([silent.close(), other.close()]);
});

test('after= brings what was missed and then what comes, each once', async () => {
  const channel = fresh();
  const { cursor } = await poll(channel);
  const talker = await Listener.open(channel);
  const cursors = [cursor];
  for (const n of numbers(1, 40)) cursors.push((await publish(channel, n)).cursor);
  const joiners = [];
  for (let n = 41; n <= 81; n++) {
    talker.socket.send(String(n));
    joiners.push(new Listener(channel, `?after=${cursors[n - 41]}`));
  }
  for (const [i, joiner] of joiners.entries()) assert.deepEqual(await joiner.hears(81 - i), numbers(i + 1, 81));
  await Promise.all([talker, ...joiners].map((listener) => listener.close()));
});

test('more history than may wait for one peer comes as it reads', async () => {
  const channel = fresh();
  const { cursor } = await poll(channel);
  for (let n = 0; n < 100; n++) await publish(channel, String(n).padEnd(LIMIT, '.'));
  const listener = await Listener.open(channel, `?after=${cursor}`);
  listener.socket.pause();
  await publish(channel, 'after all that');
  listener.socket.resume();
  const heard = await listener.hears(101);
  assert.deepEqual(heard.map((text) => text.replace(/\.+$/, '')), [...numbers(0, 99), 'after all that']);
  await listener.close();
});

test('an unreachable cursor is Close 4504, a malformed one 400', async () => {
  const channel = fresh();
  await publish(channel, 'x');
  const listener = await Listener.open(channel, `?after=${FOREIGN}`);
  assert.equal((await listener.closed).code, 4504);
  assert.deepEqual(listener.heard, []);
  const [error] = await once(new WebSocket(`${server.ws}${path(channel)}?after=nonsense`), 'error');
  assert.match(error.message, /400/);
});

test('a message over the limit is 1009', async () => {
  const channel = fresh();
  const listener = await Listener.open(channel);
  listener.socket.send('x'.repeat(LIMIT));
  await listener.hears(1);
  listener.socket.send('x'.repeat(LIMIT + 1));
  assert.equal((await listener.closed).code, 1009);
  assert.equal((await poll(channel)).publications.length, 1);
});

test('a peer that never reads is Close 4500, and the others do not notice', async () => {
  const channel = fresh();
  const slow = await Listener.open(channel);
  const quick = await Listener.open(channel);
  slow.socket.pause();
  const page = 'x'.repeat(LIMIT);
  let sent = 0;
  // Until the kernel's buffers and ours are full for certain: the quick one sets the pace.
  for (; sent < 300; sent++) {
    quick.socket.send(page);
    if (sent % 20 === 19) await quick.hears(sent + 1);
  }
  assert.equal((await quick.hears(300)).length, 300);
  slow.socket.resume();
  assert.equal((await slow.closed).code, 4500);
  assert.ok(slow.heard.length < 300);
  await quick.close();
});

test('a flood by one publisher arrives whole and in order', async () => {
  const channel = fresh();
  const listener = await Listener.open(channel);
  const flooder = await Listener.open(channel, '?echo=no');
  for (let n = 0; n < 20_000; n++) flooder.socket.send(String(n));
  assert.deepEqual(await listener.hears(20_000), numbers(0, 19_999));
  await Promise.all([flooder.close(), listener.close()]);
});

/** Sends a handshake and what follows it in one write; gives the socket. */
function rush(channel, ...frames) {
  const socket = connect(server.port, server.host);
  socket.on('error', () => {});
  socket.write(Buffer.concat([Buffer.from(upgrade({ path: path(channel) })), ...frames]));
  return socket;
}

test('frames that come right behind the handshake are heard, though the opening waits', async () => {
  for (let n = 0; n < 12; n++) {
    const channel = fresh();
    const listener = await Listener.open(channel);
    const socket = rush(channel, frame(1, 'early'), frame(2, 'bird'));
    assert.deepEqual((await listener.hears(2)).map(String), ['early', 'bird']);
    socket.destroy();
    await listener.close();
  }
});

test('clients that vanish while their opening waits leave nothing behind', async () => {
  const channel = fresh();
  const sockets = Array.from({ length: 300 }, () => rush(channel));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  sockets.forEach((socket, i) => (i % 2 ? socket.resetAndDestroy() : socket.destroy()));
  const listener = await Listener.open(channel);
  await publish(channel, 'still here');
  assert.deepEqual(await listener.hears(1), ['still here']);
  await listener.close();
});

test('a stop says 1001 to every listener', async () => {
  const other = await startServer('serve', ['--workers', '2']);
  const sockets = Array.from({ length: 8 }, () => new WebSocket(`${other.ws}/channels/room`));
  const codes = sockets.map((socket) => once(socket, 'close').then(([code]) => code));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  sockets.forEach((socket) => socket.send('busy'));
  assert.deepEqual(await other.stop(), { code: 0, signal: null });
  assert.deepEqual(await Promise.all(codes), Array(8).fill(1001));
});

test('a stop answers the requests that are under way', async () => {
  const other = await startServer('serve', ['--workers', '4']);
  const posts = [];
  let answered = 0;
  const first = new Promise((resolve) => {
    for (let n = 0; n < 200; n++)
      posts.push(fetch(`${other.url}/channels/room${n}`, { method: 'POST', body: 'x' }).then(
        (answer) => { answered += answer.status === 201; resolve(); return answer.status; },
        () => 'refused', // it was never read
      ));
  });
  await first;
  assert.deepEqual(await other.stop(), { code: 0, signal: null });
  assert.ok((await Promise.all(posts)).every((status) => status === 201 || status === 'refused'));
  assert.ok(answered > 0);
});
