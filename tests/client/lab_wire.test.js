// SPDX-License-Identifier: MIT
// The bytes that the lab's page shows are those that go over the wire: `godwit subscribe`, whose intakes the lab's clients are,
// through a wire that writes down both sides. Only names of the moment (ports, times, cursors, sessions, keys) are made equal.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { WIRE } from '../../web/lab/wire.js';
import { LATE_MS } from '../support/queue.js';
import { GODWIT, startServer } from '../support/server.js';

const MESSAGE = '8 1795291435125.208 abcdefghijklmnopqrstuvwxyzabc';

let server;
before(async () => { server = await startServer('serve'); });
after(() => server.stop());

/** Both sides of what passes; the clients of the lab do not offer compression, so an offer is taken out. */
async function record() {
  const said = { client: '', server: '' };
  const waiting = new Set();
  const note = (side, data) => {
    said[side] += data.toString('latin1');
    waiting.forEach((look) => look());
  };
  const sockets = new Set();
  const listener = net.createServer((near) => {
    const far = net.connect(server.port, server.host);
    for (const end of [near, far]) {
      sockets.add(end);
      end.on('error', () => {});
    }
    near.on('data', (data) => {
      const plain = Buffer.from(data.toString('latin1').replace(/Sec-WebSocket-Extensions: .*\r\n/, ''), 'latin1');
      note('client', plain);
      far.write(plain);
    });
    far.on('data', (data) => {
      note('server', data);
      near.write(data);
    });
    near.on('close', () => far.destroy());
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    said,
    url: `http://127.0.0.1:${listener.address().port}`,
    until: (side, pattern) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the ${side} has not said ${pattern}: ${said[side]}`)), LATE_MS);
      const look = () => {
        if (!pattern.test(said[side])) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    }),
    close() {
      listener.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

const same = (text, epoch) => text.replaceAll(epoch, '04MDg26Y0LMm').replace(/^Host: .*\r$/gm, 'Host: {host}\r').replace(/^Date: .*\r$/gm, 'Date: {now}\r')
  .replace(/^Godwit-Session: .*\r$/gm, 'Godwit-Session: {session}\r').replace(/^Sec-WebSocket-(Key|Accept): .*\r$/gm, 'Sec-WebSocket-$1: {key}\r')
  .replace(/"time":"[^"]*"/g, '"time":"{time}"');

async function publish(body) {
  const answer = await fetch(`${server.url}/channels/lab`, { method: 'POST', body });
  assert.equal(answer.status, 201);
  return (await answer.json()).cursor;
}

for (const name of Object.keys(WIRE)) {
  test(`${name}: the page shows what goes over the wire`, async () => {
    await fetch(`${server.url}/channels/lab`, { method: 'DELETE' });
    for (let i = 1; i < 7; i++) await publish('before');
    const cursor = await publish('before');
    const [epoch] = cursor.split(':');
    const wire = await record();
    const child = spawn(GODWIT, ['subscribe', '--transport', name, '--interval', '300', '--after', cursor, wire.url, 'lab'], { stdio: 'ignore' });
    try {
      await wire.until(...({ poll: ['server', /"publications":\[\]/], longpoll: ['client', /wait=30/], websocket: ['server', /subscribed/] }[name] ?? ['server', /\r\n\r\n/]));
      // The request of a long poll has to be heard before there is something to say.
      if (name === 'longpoll') for (let n = 0; n < 1;) n = (await (await fetch(`${server.url}/channels/lab/presence`)).json()).sessions;
      await publish(MESSAGE);
      await wire.until('server', new RegExp(MESSAGE.replaceAll('.', '\\.') + (name === 'ndjson' ? '"}\\n\\r\\n$' : name === 'sse' ? '\\n\\n\\r\\n$' : '')));
      if (name === 'poll') await wire.until('server', /\]\}\n$/);
    } finally {
      child.kill();
      wire.close();
    }
    const shown = (side) => same(WIRE[name].filter(({ from }) => from === side).map(({ header, text }) =>
      (header ? Buffer.from(header.replaceAll(' ', ''), 'hex').toString('latin1') : '') + text).join(''), epoch);
    const [asked, answered] = [same(wire.said.client, epoch), same(wire.said.server, epoch)];
    assert.equal(asked.slice(0, shown('client').length), shown('client'));
    if (name !== 'websocket') return assert.equal(answered.slice(0, shown('server').length), shown('server'));
    const [head, frame] = WIRE.websocket.filter(({ from }) => from === 'server').map(({ header, text }) =>
      same((header ? Buffer.from(header.replaceAll(' ', ''), 'hex').toString('latin1') : '') + text, epoch));
    assert.equal(answered.slice(0, head.length), head);
    assert.equal(answered.slice(-frame.length), frame);
  });
}
