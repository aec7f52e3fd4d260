// SPDX-License-Identifier: MIT
// Long polling: an answer when there is something newer than the cursor, or when the wait is over.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LATE_MS } from '../support/queue.js';
import { startServer } from '../support/server.js';
import { Peer } from '../support/wire.js';

const FOREIGN = 'abcdefghijkl:3';
let server;
let rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '3']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `longpoll-${++rooms}`;
const path = (channel, query = '') => `/channels/${encodeURIComponent(channel)}${query}`;

async function publish(channel, body, query) {
  const answer = await fetch(server.url + path(channel, query), { method: 'POST', body });
  assert.equal(answer.status, 201);
  return (await answer.json()).cursor;
}

async function poll(channel, query, headers = {}) {
  const answer = await fetch(server.url + path(channel, query), { headers });
  assert.equal(answer.status, 200);
  const body = await answer.json();
  return { ...body, texts: body.publications.map((p) => p.text), headers: answer.headers };
}

const here = async (channel) => (await poll(channel)).cursor;

async function untilSessions(channel, n) {
  for (const deadline = Date.now() + LATE_MS; ;) {
    const { sessions } = await (await fetch(server.url + path(channel) + '/presence')).json();
    if (sessions === n) return;
    assert.ok(Date.now() < deadline, `${sessions} sessions, not ${n}`);
  }
}

test('waits for something newer than the cursor', async () => {
  const channel = fresh();
  const start = await here(channel);
  const waiting = poll(channel, `?after=${start}`, { Prefer: 'wait=30' });
  await untilSessions(channel, 1);
  const cursor = await publish(channel, 'new');
  const answer = await waiting;
  assert.deepEqual([answer.texts, answer.cursor, answer.recovered], [['new'], cursor, true]);
  assert.equal(answer.headers.get('preference-applied'), 'wait=30');
  assert.match(answer.headers.get('godwit-session'), /^[0-9A-Za-z_-]{24}$/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  await untilSessions(channel, 0);
});

test('?wait= asks for the same, and the answer tells how long it may be', async () => {
  const channel = fresh();
  const start = await here(channel);
  const waiting = poll(channel, `?after=${start}&wait=3000`);
  await untilSessions(channel, 1);
  await publish(channel, 'x');
  assert.equal((await waiting).headers.get('preference-applied'), 'wait=120');
});

test('the end of the wait is an empty list and the same cursor', async () => {
  const channel = fresh();
  const start = await publish(channel, 'old');
  const begun = Date.now();
  const answer = await poll(channel, `?after=${start}`, { Prefer: 'wait=1' });
  assert.ok(Date.now() - begun >= 900);
  assert.deepEqual([answer.texts, answer.cursor, answer.recovered], [[], start, true]);
  assert.equal(answer.headers.get('preference-applied'), 'wait=1');
});

test('answers at once where there is something, where the cursor is lost, and without one', async () => {
  const channel = fresh();
  const first = await publish(channel, '1');
  await publish(channel, '2');
  await publish(channel, '3');
  assert.deepEqual((await poll(channel, `?after=${first}&wait=60`)).texts, ['2', '3']);
  const limited = await poll(channel, `?after=${first}&wait=60&limit=1`);
  assert.deepEqual(limited.texts, ['2']);
  assert.deepEqual((await poll(channel, `?after=${limited.cursor}&wait=60`)).texts, ['3']);
  const lost = await poll(channel, `?after=${FOREIGN}&wait=60`);
  assert.deepEqual([lost.texts, lost.recovered], [['1', '2', '3'], false]);
  const whole = await poll(channel, '?wait=60');
  assert.deepEqual([whole.texts, whole.recovered], [['1', '2', '3'], true]);
  assert.equal(whole.headers.get('preference-applied'), 'wait=60');
  const empty = await poll(fresh(), '?wait=60');
  assert.deepEqual([empty.texts, empty.recovered], [[], true]);
  assert.deepEqual((await poll(fresh(), `?after=${empty.cursor}&wait=0`)).texts, []);
});

test('what is published in one go comes in one answer', async () => {
  const channel = fresh();
  const start = await here(channel);
  const waiting = poll(channel, `?after=${start}&wait=30`);
  await untilSessions(channel, 1);
  const peer = await Peer.connect(server);
  const post = (text) => `POST ${path(channel)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  peer.send(['a', 'b', 'c'].map(post).join(''));
  let answer = await waiting;
  const texts = [...answer.texts];
  while (texts.length < 3) {
    answer = await poll(channel, `?after=${answer.cursor}&wait=30`);
    texts.push(...answer.texts);
  }
  assert.deepEqual(texts, ['a', 'b', 'c']);
  peer.socket.destroy();
});

test('a loop of long polls misses nothing and gets nothing twice', async () => {
  const channel = fresh();
  let cursor = await here(channel);
  const n = 300;
  const heard = [];
  const publishing = (async () => { for (let i = 0; i < n; i++) await publish(channel, String(i)); })();
  while (heard.length < n) {
    const answer = await poll(channel, `?after=${cursor}&wait=30`);
    assert.ok(answer.recovered);
    heard.push(...answer.texts);
    cursor = answer.cursor;
  }
  await publishing;
  assert.deepEqual(heard, Array.from({ length: n }, (_, i) => String(i)));
});

test('malformed: ?wait= is 400, a preference is passed over', async () => {
  const channel = fresh();
  const start = await here(channel);
  for (const query of ['?wait=', '?wait=soon', '?wait=-1'])
    assert.equal((await fetch(server.url + path(channel, query))).status, 400);
  assert.deepEqual((await poll(channel, `?after=${start}`, { Prefer: 'wait=soon, respond-async' })).texts, []);
});

test('a client that goes while it waits leaves the channel', async () => {
  const channel = fresh();
  const start = await here(channel);
  const peers = [];
  for (let i = 0; i < 3; i++) {
    const peer = await Peer.connect(server);
    peers.push(peer.send(`GET ${path(channel, `?after=${start}&wait=60`)} HTTP/1.1\r\nHost: x\r\n\r\n`));
  }
  await untilSessions(channel, 3);
  peers[0].socket.end();
  peers[1].socket.resetAndDestroy();
  await untilSessions(channel, 1);
  peers[2].socket.destroy();
  await untilSessions(channel, 0);
});

test('session= holds one session over many long polls', async () => {
  const channel = fresh();
  let answer = await poll(channel);
  const first = poll(channel, `?after=${answer.cursor}&wait=30&session=new`);
  await untilSessions(channel, 1);
  await publish(channel, '1');
  answer = await first;
  const session = answer.headers.get('godwit-session');
  await publish(channel, '2');
  answer = await poll(channel, `?after=${answer.cursor}&wait=30&session=${session}`);
  assert.deepEqual([answer.texts, answer.headers.get('godwit-session')], [['2'], session]);
  await publish(channel, '3');
  answer = await poll(channel, `?wait=30&session=${session}`); // where it stood
  assert.deepEqual([answer.texts, answer.headers.get('godwit-session')], [['3'], session]);
});

test('session=new without a cursor: all that is kept at once, and a session that stands behind it', async () => {
  const channel = fresh();
  const cursor = await publish(channel, '1');
  const first = await poll(channel, '?wait=30&session=new');
  assert.deepEqual([first.texts, first.cursor, first.recovered], [['1'], cursor, true]);
  const session = first.headers.get('godwit-session');
  const waiting = poll(channel, `?wait=30&session=${session}`);
  await untilSessions(channel, 1);
  await publish(channel, '2');
  const second = await waiting;
  assert.deepEqual([second.texts, second.headers.get('godwit-session')], [['2'], session]);
  const empty = await poll(fresh(), '?wait=30&session=new');
  assert.deepEqual([empty.texts, empty.recovered], [[], true]);
});

test('HEAD answers at once', async () => {
  const channel = fresh();
  const start = await here(channel);
  const answer = await fetch(server.url + path(channel, `?after=${start}&wait=60`), { method: 'HEAD' });
  assert.equal(answer.status, 200);
});

test('a server that stops answers those who wait', async () => {
  const own = await startServer('serve', ['--workers', '2']);
  const { cursor } = await (await fetch(`${own.url}/channels/x`)).json();
  const waiting = [1, 2, 3].map(() => fetch(`${own.url}/channels/x?after=${cursor}&wait=60`));
  for (const deadline = Date.now() + LATE_MS; ;) {
    if ((await (await fetch(`${own.url}/channels/x/presence`)).json()).sessions === 3) break;
    assert.ok(Date.now() < deadline);
  }
  const stopped = own.stop();
  for (const answer of await Promise.all(waiting)) {
    assert.equal(answer.status, 200);
    assert.deepEqual((await answer.json()).publications, []);
  }
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test('an idempotency key: the first one is 201, the same again 200 with its cursor', async () => {
  const channel = fresh();
  const post = (key, body = 'x', room = channel) => fetch(server.url + path(room), { method: 'POST', body, headers: { 'Idempotency-Key': key } });
  const first = await post('"k 1"');
  const { cursor, duplicate } = await first.json();
  assert.deepEqual([first.status, duplicate], [201, false]);
  for (const key of ['"k 1"', 'k 1']) {
    const again = await post(key, 'something else');
    assert.deepEqual([again.status, await again.json()], [200, { channel, cursor, duplicate: true }]);
  }
  assert.equal((await post('k 2')).status, 201);
  assert.equal((await post('k 1', 'x', fresh())).status, 201);
  assert.deepEqual((await poll(channel)).texts, ['x', 'x']);
  for (const key of ['', '""', 'x'.repeat(256), 'k\u00e9', 'a\tb']) assert.equal((await post(key)).status, 400, key);
  assert.equal((await post('x'.repeat(255))).status, 201);
});
