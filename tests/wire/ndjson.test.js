// SPDX-License-Identifier: MIT
// HTTP streaming: one JSON publication a line, for as long as both sides like.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Feed } from '../support/feed.js';
import { startServer } from '../support/server.js';

const NDJSON = 'application/x-ndjson';
const FOREIGN = 'abcdefghijkl:3';
let server;
let rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '3', '--channel', 'drops:*=slow:drop', '--channel', 'newest:*=slow:conflate']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `ndjson-${++rooms}`;
const path = (channel, query = '') => `/channels/${encodeURIComponent(channel)}${query}`;
const open = (channel, query, options) => Feed.open(server, path(channel, query), { accept: NDJSON, ...options });

async function publish(channel, body, type, query) {
  const answer = await fetch(server.url + path(channel, query), { method: 'POST', body, headers: type ? { 'Content-Type': type } : {} });
  assert.equal(answer.status, 201);
  return (await answer.json()).cursor;
}

test('each publication is a line of JSON and a chunk of its own', async () => {
  const channel = fresh();
  const feed = await open(channel);
  assert.equal(feed.status, 200);
  assert.equal(feed.header('content-type'), NDJSON);
  assert.equal(feed.header('cache-control'), 'no-store');
  assert.match(feed.header('godwit-session'), /^[0-9A-Za-z_-]{24}$/);
  assert.equal(feed.text, '');
  const cursor = await publish(channel, 'two\nlines', 'text/plain', '?event=chat&user=ann');
  await publish(channel, '{"a":\n[1]}', 'application/json');
  await publish(channel, Buffer.from([0xff]), 'image/png');
  const [text, json, binary] = await feed.publications(3);
  const { time, ...rest } = text;
  assert.deepEqual(rest, { offset: 1, cursor, event: 'chat', from: 'ann', text: 'two\nlines' });
  assert.ok(Date.parse(time) > 0);
  assert.deepEqual(json.data, { a: [1] });
  assert.equal(binary.base64, '/w==');
  assert.equal(feed.chunks.length, 3);
  feed.close();
});

test('the cursor of the head leads to the first line', async () => {
  const channel = fresh();
  const feed = await open(channel);
  const cursor = feed.header('godwit-cursor');
  feed.close();
  await publish(channel, 'x');
  const again = await open(channel, `?after=${cursor}`);
  assert.deepEqual((await again.publications(1)).map((p) => p.text), ['x']);
  again.close();
});

test('with a cursor: first what was missed, then what comes', async () => {
  const channel = fresh();
  const first = await publish(channel, '0');
  for (let i = 1; i < 50; i++) await publish(channel, String(i));
  const feed = await open(channel, `?after=${first}`);
  await feed.publications(49);
  await publish(channel, '50');
  assert.deepEqual((await feed.publications(50)).map((p) => p.text), Array.from({ length: 50 }, (_, i) => String(i + 1)));
  feed.close();
});

test('a cursor that is out of reach is answered in the first line', async () => {
  const channel = fresh();
  await publish(channel, 'kept');
  const feed = await open(channel, `?after=${FOREIGN}`);
  const [gap, kept] = await feed.publications(2);
  assert.equal(gap.recovered, false);
  assert.equal('missed' in gap, false);
  assert.equal(kept.text, 'kept');
  feed.close();
  const again = await open(channel, `?after=${gap.cursor}`);
  assert.deepEqual((await again.publications(1)).map((p) => p.text), ['kept']);
  again.close();
});

test('a malformed cursor is 400', async () => {
  const feed = await open(fresh(), '?after=nonsense');
  assert.equal(feed.status, 400);
  feed.close();
});

test('HTTP/1.0 and HEAD', async () => {
  const channel = fresh();
  const old = await open(channel, '', { version: 'HTTP/1.0' });
  await publish(channel, 'x');
  assert.equal((await old.publications(1))[0].text, 'x');
  old.close();
  const head = await open(channel, '', { method: 'HEAD' });
  assert.equal(head.header('content-type'), NDJSON);
  head.close();
});

test('fetch reads it as it comes', async () => {
  const channel = fresh();
  const abort = new AbortController();
  const answer = await fetch(server.url + path(channel), { headers: { Accept: NDJSON }, signal: abort.signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  await publish(channel, 'now');
  const { value } = await reader.read();
  assert.equal(JSON.parse(value).text, 'now');
  abort.abort();
  await assert.rejects(reader.read());
});

test('curl -N prints lines as they come', async () => {
  const channel = fresh();
  const curl = spawn('curl', ['-svN', '-H', `Accept: ${NDJSON}`, server.url + path(channel)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  for await (const text of curl.stderr.setEncoding('utf8')) if ((told += text).includes('Godwit-Session')) break;
  const lines = createInterface({ input: curl.stdout });
  const line = once(lines, 'line');
  await publish(channel, 'hello');
  assert.equal(JSON.parse((await line)[0]).text, 'hello');
  curl.kill('SIGKILL');
  await once(curl, 'exit');
});

test('a reader that takes nothing is cut, comes back with its cursor, and the others notice nothing', async () => {
  const channel = fresh();
  const slow = await open(channel);
  slow.socket.pause();
  const quick = await open(channel);
  const payload = 'x'.repeat(60_000);
  const n = 250; // 15 MB: more than the system takes for a client and what may wait for one
  let last;
  for (let i = 0; i < n; i++) last = await publish(channel, `${i} ${payload}`);
  const heard = await quick.publications(n);
  assert.deepEqual(heard.map((p) => parseInt(p.text, 10)), Array.from({ length: n }, (_, i) => i));
  quick.close();
  slow.socket.resume();
  await slow.until(() => slow.ended, 'the end of the slow one');
  const got = slow.lines;
  assert.ok(got.length < n);
  const again = await open(channel, `?after=${got.at(-1)?.cursor ?? slow.header('godwit-cursor')}`);
  await again.until(() => again.lines.at(-1)?.cursor === last, 'the last one');
  const rest = again.lines;
  if (rest[0].recovered === false) assert.equal(rest[0].missed + got.length + rest.length - 1, n);
  else assert.equal(got.length + rest.length, n);
  again.close();
});

/** Fills what the system takes for a client that does not read, publishing until its server has bytes waiting for it. */
async function pour(channel, n, payload) {
  let last;
  for (let i = 0; i < n; i++) last = await publish(channel, `${i} ${payload}`);
  return last;
}

test('a channel that drops tells a slow reader how many it has missed, and goes on', async () => {
  const channel = 'drops:1';
  const feed = await open(channel);
  feed.socket.pause();
  const last = await pour(channel, 150, 'x'.repeat(60_000)); // 9 MB: more than the system takes for a client
  feed.socket.resume();
  const gap = await feed.until(() => feed.lines.find((line) => line.recovered === false), 'the gap');
  // The newest ones may still have been on their way to the reader's worker when it read again: then they come behind the gap.
  await feed.until(() => [gap, ...feed.lines].some((line) => line.cursor === last), 'the last one, given or left out');
  const at = feed.lines.indexOf(gap);
  const offsets = (lines) => lines.filter((line) => 'offset' in line).map((line) => line.offset);
  const before = offsets(feed.lines.slice(0, at));
  const after = offsets(feed.lines.slice(at));
  assert.deepEqual(before, before.map((_, i) => i + 1));
  assert.deepEqual(after, after.map((_, i) => before.length + gap.missed + 1 + i));
  assert.equal(gap.cursor.split(':')[1], String(before.length + gap.missed));
  const next = await publish(channel, 'live again');
  assert.equal((await feed.until(() => feed.lines.find((line) => line.cursor === next))).text, 'live again');
  feed.close();
});

test('a channel that conflates keeps the newest for a slow reader', async () => {
  const channel = 'newest:1';
  const feed = await open(channel);
  feed.socket.pause();
  const last = await pour(channel, 150, 'x'.repeat(60_000));
  feed.socket.resume();
  await feed.until(() => feed.lines.at(-1)?.cursor === last, 'the newest');
  assert.ok(feed.lines.length < 150);
  assert.equal(feed.lines.some((line) => line.recovered === false), false);
  feed.close();
});
