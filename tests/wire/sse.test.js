// SPDX-License-Identifier: MIT
// Server-sent events: what an EventSource gets, and what it comes back with.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { EventSource } from 'undici';
import { Feed } from '../support/feed.js';
import { LATE_MS } from '../support/queue.js';
import { startServer } from '../support/server.js';
import { Peer } from '../support/wire.js';

const SSE = 'text/event-stream';
const FOREIGN = 'abcdefghijkl:3';
let server;
let rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '3']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `sse-${++rooms}`;
const path = (channel, query = '') => `/channels/${encodeURIComponent(channel)}${query}`;
const open = (channel, query, options) => Feed.open(server, path(channel, query), { accept: SSE, ...options });

async function publish(channel, body, type, query) {
  const answer = await fetch(server.url + path(channel, query), { method: 'POST', body, headers: type ? { 'Content-Type': type } : {} });
  assert.equal(answer.status, 201);
  return (await answer.json()).cursor;
}

async function sessionsIn(channel) {
  return (await (await fetch(server.url + path(channel) + '/presence')).json()).sessions;
}

/** Asks until the answer is this one: what ends a session is told to the channel's home in its own time. */
async function untilSessions(channel, n) {
  for (const deadline = Date.now() + LATE_MS; ;) {
    const found = await sessionsIn(channel);
    if (found === n) return;
    assert.ok(Date.now() < deadline, `${found} sessions, not ${n}`);
  }
}

test('a feed begins where the channel stands, and each publication is an event with its cursor as id', async () => {
  const channel = fresh();
  const before = await publish(channel, 'not for those who come later');
  const feed = await open(channel);
  assert.equal(feed.status, 200);
  assert.match(feed.header('content-type'), /^text\/event-stream$/);
  assert.equal(feed.header('cache-control'), 'no-store');
  assert.equal(feed.header('x-accel-buffering'), 'no');
  assert.match(feed.header('godwit-session'), /^[0-9A-Za-z_-]{24}$/);
  assert.equal(feed.header('godwit-cursor'), before);
  await feed.until(() => feed.sse.retry !== undefined, 'the opening');
  assert.equal(feed.sse.retry, 2000);
  assert.equal(feed.sse.lastId, before);
  const first = await publish(channel, 'one');
  const second = await publish(channel, 'two\nlines\r\nand\rmore\n', 'text/plain', '?event=chat');
  assert.deepEqual(await feed.events(2), [
    { id: first, type: 'message', data: 'one' },
    { id: second, type: 'chat', data: 'two\nlines\nand\nmore\n' },
  ]);
  feed.close();
});

test('an event is one chunk, and a binary payload is base64', async () => {
  const channel = fresh();
  const feed = await open(channel);
  const cursor = await publish(channel, Buffer.from([0, 255, 10, 13]), 'application/octet-stream', '?event=blob');
  await publish(channel, '');
  assert.deepEqual((await feed.events(2)).map((e) => [e.type, e.data]), [['blob', 'AP8KDQ=='], ['message', '']]);
  assert.ok(feed.chunks.some((chunk) => chunk.toString() === `id: ${cursor}\nevent: blob\ndata: AP8KDQ==\n\n`));
  feed.close();
});

test('a feed goes on behind Last-Event-ID, which goes before ?after=', async () => {
  const channel = fresh();
  const cursors = [];
  for (let i = 0; i < 5; i++) cursors.push(await publish(channel, String(i)));
  const feed = await open(channel, `?after=${cursors[0]}`, { fields: { 'Last-Event-ID': cursors[2] } });
  assert.deepEqual((await feed.events(2)).map((e) => e.data), ['3', '4']);
  await publish(channel, '5');
  assert.equal((await feed.events(3))[2].data, '5');
  assert.equal(feed.sse.events.some((e) => e.type === 'godwit.gap'), false);
  feed.close();
  const other = await open(channel, `?after=${cursors[0]}`);
  assert.deepEqual((await other.events(5)).map((e) => e.data), ['1', '2', '3', '4', '5']);
  other.close();
});

test('a cursor that is out of reach is answered by godwit.gap, and then by all that is kept', async () => {
  const channel = fresh();
  await publish(channel, 'kept');
  const feed = await open(channel, '', { fields: { 'Last-Event-ID': FOREIGN } });
  const [gap, kept] = await feed.events(2);
  assert.equal(gap.type, 'godwit.gap');
  const { recovered, missed, cursor } = JSON.parse(gap.data);
  assert.equal(recovered, false);
  assert.equal(missed, undefined);
  assert.equal(gap.id, cursor);
  assert.equal(kept.data, 'kept');
  feed.close();
  const again = await open(channel, `?after=${cursor}`);
  assert.deepEqual((await again.events(1)).map((e) => e.data), ['kept']);
  again.close();
});

test('the gap tells how many are missing where that is known', async () => {
  const channel = fresh();
  const first = await publish(channel, '1');
  for (let i = 2; i <= 104; i++) await publish(channel, String(i));
  const feed = await open(channel, `?after=${first}`);
  const events = await feed.events(101);
  assert.deepEqual([JSON.parse(events[0].data).missed, events[1].data, events[100].data], [3, '5', '104']);
  feed.close();
});

test('a malformed Last-Event-ID is 400', async () => {
  const feed = await open(fresh(), '', { fields: { 'Last-Event-ID': 'nonsense' } });
  assert.equal(feed.status, 400);
  feed.close();
});

test('HEAD answers the head alone, and the connection serves on', async () => {
  const peer = await Peer.connect(server);
  peer.send(`HEAD ${path(fresh())} HTTP/1.1\r\nHost: x\r\nAccept: ${SSE}\r\n\r\n`);
  assert.match(await peer.readHead(), /^HTTP\/1\.1 200 .*\r\ncontent-type: text\/event-stream\r\n/is);
  peer.send('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(await peer.readHead(), /^HTTP\/1\.1 200 /);
  peer.socket.destroy();
});

test('over HTTP/1.0 the body is what comes until the end', async () => {
  const channel = fresh();
  const feed = await open(channel, '', { version: 'HTTP/1.0' });
  assert.equal(feed.header('transfer-encoding'), undefined);
  await publish(channel, 'plain');
  assert.equal((await feed.events(1))[0].data, 'plain');
  assert.doesNotMatch(feed.text, /^[0-9a-f]+\r$/m);
  feed.close();
});

test('whoever does not ask for events by name gets what ends', async () => {
  for (const accept of ['*/*', 'application/json, text/event-stream;q=0.5', 'text/event-stream;q=0', 'text/*']) {
    const answer = await fetch(server.url + path(fresh()), { headers: { Accept: accept } });
    assert.match(answer.headers.get('content-type'), /^application\/json/, accept);
    await answer.json();
  }
});

test('a client that goes leaves the channel, however it goes', async () => {
  const channel = fresh();
  const feeds = await Promise.all([open(channel), open(channel), open(channel)]);
  await untilSessions(channel, 3);
  feeds[0].socket.end(); // FIN: while an answer goes on that is the end
  feeds[1].socket.resetAndDestroy();
  const curl = spawn('curl', ['-sN', '-H', `Accept: ${SSE}`, server.url + path(channel)], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((ok) => curl.stdout.once('data', ok));
  curl.kill('SIGKILL');
  await untilSessions(channel, 1);
  feeds[2].close();
  await untilSessions(channel, 0);
});

test('session= resumes: the same session, and what was missed without a cursor', async () => {
  const channel = fresh();
  const feed = await open(channel, '?session=new');
  const id = feed.header('godwit-session');
  await publish(channel, 'heard');
  await feed.events(1);
  feed.close();
  await untilSessions(channel, 0);
  await publish(channel, 'missed');
  const again = await open(channel, `?session=${id}`);
  assert.equal(again.header('godwit-session'), id);
  assert.deepEqual((await again.events(1)).map((e) => e.data), ['missed']);
  again.close();
});

test('a session that is not there (any more) is a new one', async () => {
  const channel = fresh();
  const unknown = 'x'.repeat(24);
  const feed = await open(channel, `?session=${unknown}`);
  assert.equal(feed.status, 200);
  assert.notEqual(feed.header('godwit-session'), unknown);
  feed.close();
});

test('a session has one carrier: the newer one takes it over', async () => {
  const channel = fresh();
  const first = await open(channel, '?session=new');
  const id = first.header('godwit-session');
  const second = await open(channel, `?session=${id}`);
  assert.equal(second.header('godwit-session'), id);
  assert.ok((await first.end()).isWhole);
  await publish(channel, 'x');
  assert.equal((await second.events(1))[0].data, 'x');
  second.close();
  first.close();
});

/** Passes connections on to the server until they are cut. */
async function proxy() {
  const pairs = new Set();
  const listener = createServer((client) => {
    const onward = connect(server.port, server.host);
    client.pipe(onward).pipe(client);
    for (const socket of [client, onward]) socket.on('error', () => {});
    pairs.add([client, onward]);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    cut: () => { pairs.forEach((pair) => pair.forEach((socket) => socket.resetAndDestroy())); pairs.clear(); },
    close: () => listener.close(),
  };
}

test('an EventSource that is cut comes back for exactly what it missed', async () => {
  const channel = fresh();
  const between = await proxy();
  const heard = [];
  const source = new EventSource(between.url + path(channel));
  source.addEventListener('message', (event) => heard.push(event.data));
  source.addEventListener('named', (event) => heard.push(`named ${event.data}`));
  const opened = () => new Promise((ok) => source.addEventListener('open', ok, { once: true }));
  const hears = async (n) => { while (heard.length < n) await new Promise((ok) => { source.addEventListener('message', ok, { once: true }); }); };
  await opened();
  for (const part of [['a', 'b\nc'], ['', 'd']]) { // the second time it is cut before its first event
    between.cut();
    await publish(channel, part[0]);
    await publish(channel, 'x', 'text/plain', '?event=named');
    await opened();
    await publish(channel, part[1]);
    await hears(part[0] ? 3 : 6);
  }
  assert.deepEqual(heard, ['a', 'named x', 'b\nc', '', 'named x', 'd']);
  source.close();
  between.close();
});

test('with data=json an event is the whole publication', async () => {
  const channel = fresh();
  const text = 'one\r\ntwo\rthree';
  const first = await publish(channel, text, 'text/plain', '?event=tick&user=ann');
  const feed = await open(channel, `?data=json&after=${FOREIGN}`);
  await publish(channel, new Uint8Array([0, 255]), 'application/octet-stream');
  const [gap, ...events] = await feed.events(3);
  assert.deepEqual([gap.type, JSON.parse(gap.data).recovered], ['godwit.gap', false]);
  assert.deepEqual(events.map(({ type }) => type), ['message', 'message']);
  const [one, two] = events.map(({ data }) => JSON.parse(data));
  assert.deepEqual([one.cursor, one.event, one.from, one.text], [first, 'tick', 'ann', text]);
  assert.deepEqual([two.cursor, two.base64], [events[1].id, 'AP8=']);
  assert.equal((await fetch(server.url + path(channel, '?data=xml'))).status, 400);
  feed.close();
});

test('a server that stops ends the body in good order', async () => {
  const own = await startServer('serve', ['--workers', '2']);
  const feeds = await Promise.all([1, 2, 3].map(() => Feed.open(own, '/channels/x', { accept: SSE })));
  const stopped = own.stop();
  for (const feed of feeds) assert.ok((await feed.end()).isWhole);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});
