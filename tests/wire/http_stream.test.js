// SPDX-License-Identifier: MIT
// Answers that go on, as bytes: their framing on each version of HTTP, who is gone when, and a stop that waits for none of them.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LATE_MS } from '../support/queue.js';
import { Peer } from '../support/wire.js';
import { startServer } from '../support/server.js';

let server, n = 0;
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `/channels/stream-${++n}`;
const get = (path, fields = '', version = 'HTTP/1.1') => `GET ${path} ${version}\r\nHost: localhost\r\n${fields}\r\n`;
const NDJSON = 'Accept: application/x-ndjson\r\n', SSE = 'Accept: text/event-stream\r\n';
const publish = async (path, body) => assert.equal((await fetch(server.url + path, { method: 'POST', body })).status, 201);
const cursorOf = async (path) => (await (await fetch(server.url + path)).json()).cursor;
const sockets = () => readdirSync(`/proc/${server.pid}/fd`).length;

/** Connected, and the head of its answer read. */
async function open(bytes, at = server) {
  const peer = await Peer.connect(at);
  peer.send(bytes);
  peer.head = await peer.readHead();
  assert.match(peer.head, /^HTTP\/1.1 200 /);
  return peer;
}

/** All that came, up to and with `text`. */
const upTo = (peer, text) => peer.until(() => {
  const at = peer.received.indexOf(text);
  if (at < 0) return undefined;
  const all = peer.received.subarray(0, at + text.length).toString();
  peer.received = peer.received.subarray(at + text.length);
  return all;
}, text);

/** The data of the next chunk. */
async function readChunk(peer) {
  const size = parseInt(await upTo(peer, '\r\n'), 16);
  const data = await peer.until(() => (peer.received.length < size + 2 ? undefined : peer.received.subarray(0, size + 2)), 'a chunk');
  peer.received = peer.received.subarray(size + 2);
  assert.equal(data.subarray(size).toString(), '\r\n');
  return data.subarray(0, size).toString();
}

/** Until the server has no more descriptors than before. */
async function freed(baseline) {
  const deadline = Date.now() + LATE_MS;
  while (sockets() > baseline) {
    assert.ok(Date.now() < deadline, `${sockets()} descriptors, ${baseline} before`);
    await sleep(10);
  }
}

test('on HTTP/1.1 each publication is a chunk', async () => {
  const path = fresh(), peer = await open(get(path, NDJSON));
  assert.match(peer.head, /^transfer-encoding: chunked\r$/im);
  assert.doesNotMatch(peer.head, /^(content-length|connection: close)/im);
  for (const text of ['one', 'two', 'x'.repeat(60000)]) {
    await publish(path, text);
    let line = await readChunk(peer);
    while (!line.endsWith('}\n')) line += await readChunk(peer);
    assert.equal(JSON.parse(line).text, text);
  }
  peer.destroy();
});

test('on HTTP/1.0 the body is bare and ends with the connection', async () => {
  const path = fresh(), peer = await open(get(path, NDJSON, 'HTTP/1.0'));
  assert.match(peer.head, /^connection: close\r$/im);
  assert.doesNotMatch(peer.head, /^(transfer-encoding|content-length)/im);
  await publish(path, 'bare');
  const line = await upTo(peer, '}\n');
  assert.equal(JSON.parse(line.trim()).text, 'bare');
  peer.destroy();
});

test('HEAD gets the head, and the connection stays', async () => {
  const peer = await open(`HEAD ${fresh()} HTTP/1.1\r\nHost: localhost\r\n${SSE}\r\n`);
  assert.match(peer.head, /^content-type: text\/event-stream/im);
  peer.send(get('/healthz'));
  assert.equal((await peer.readAnswer()).body, 'ok\n');
  peer.destroy();
});

test('a client that ends, or resets, is gone at once: streams and long polls', async () => {
  const path = fresh();
  await publish(path, 'first');
  const baseline = sockets(), cursor = await cursorOf(path);
  for (const leave of ['end', 'resetAndDestroy'])
    for (const fields of [NDJSON, SSE, 'wait']) {
      const asks = fields === 'wait' ? get(`${path}?after=${cursor}`, 'Prefer: wait=60\r\n') : get(path, fields);
      const peer = await open(get('/healthz') + asks); // both have been read
      peer.socket[leave]();
      await freed(baseline);
      peer.destroy();
    }
});

test('who has only said its last still gets its answer', async () => {
  const path = fresh(), peer = await Peer.connect(server);
  peer.socket.allowHalfOpen = true;
  peer.socket.end(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi`);
  assert.equal((await peer.readAnswer()).status, 201);
  peer.destroy();
});

test('what is sent ahead of a long poll\'s answer is answered after it', async () => {
  const path = fresh();
  await publish(path, 'first');
  const peer = await Peer.connect(server);
  peer.send(get(`${path}?after=${await cursorOf(path)}`, 'Prefer: wait=60\r\n') + get('/healthz'));
  await publish(path, 'second');
  assert.match((await peer.readAnswer()).body, /"second"/);
  assert.equal((await peer.readAnswer()).body, 'ok\n');
  peer.destroy();
});

test('a stop ends streams and long polls at once', async () => {
  const other = await startServer('serve');
  await fetch(`${other.url}/channels/a`, { method: 'POST', body: 'first' });
  const { cursor } = await (await fetch(`${other.url}/channels/a`)).json();
  const stream = await open(get('/channels/a', NDJSON), other);
  const poll = await Peer.connect(other);
  poll.send(get('/healthz') + get(`/channels/a?after=${cursor}`, 'Prefer: wait=60\r\n'));
  assert.equal((await poll.readAnswer()).body, 'ok\n');
  const begun = Date.now();
  const stopped = other.stop();
  assert.match((await stream.readEnd()).toString(), /0\r\n\r\n$/);
  const answer = await poll.readAnswer();
  assert.match(answer.head, /^connection: close\r$/im);
  assert.deepEqual(await stopped, { code: 0, signal: null });
  assert.ok(Date.now() - begun < 4000, `${Date.now() - begun} ms`);
});
