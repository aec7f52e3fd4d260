// SPDX-License-Identifier: MIT
// Whoever is cut at any point and comes back hears every publication once and in order, over each way of hearing by HTTP.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Feed } from '../support/feed.js';
import { startServer } from '../support/server.js';
import { Peer } from '../support/wire.js';

const N = 5000;
let server;
before(async () => { server = await startServer('serve', ['--workers', '3', '--channel', `*=history:${N}`]); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

/** Publishes 0 to N-1, as fast as one connection with requests sent ahead goes. */
async function publishAll(channel) {
  const peer = await Peer.connect(server);
  for (let i = 0; i < N;) {
    let batch = '';
    const from = i;
    for (; i < N && i < from + 50; i++) batch += `POST /channels/${channel} HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(i).length}\r\n\r\n${i}`;
    peer.send(batch);
    for (let answered = from; answered < i; answered++) assert.equal((await peer.readAnswer()).status, 201);
  }
  peer.socket.destroy();
}

const cursorOf = async (channel) => (await (await fetch(`${server.url}/channels/${channel}`)).json()).cursor;
const random = (n) => Math.floor(Math.random() * n);

/** A stream that is cut again and again after some more; `read` tells what it has so far as [number, cursor]. */
async function hearStream(channel, cursor, accept, read, query = '') {
  const heard = [];
  for (let cuts = 0; heard.length < N; cuts++) {
    const feed = await Feed.open(server, `/channels/${channel}?after=${cursor}${query}`, { accept });
    const wanted = cuts < 40 ? random(300) : N;
    await feed.until(() => read(feed).length >= Math.min(wanted, N - heard.length));
    feed.close();
    for (const [number, at] of read(feed)) {
      heard.push(number);
      cursor = at;
    }
  }
  return heard;
}

async function hearByPolls(channel, cursor) {
  const heard = [];
  while (heard.length < N) {
    const abort = new AbortController();
    const cut = random(5) === 0 ? setTimeout(() => abort.abort(), random(4)) : undefined;
    try {
      const answer = await (await fetch(`${server.url}/channels/${channel}?after=${cursor}&wait=20${random(2) ? '&limit=7' : ''}`, { signal: abort.signal })).json();
      assert.ok(answer.recovered);
      heard.push(...answer.publications.map((p) => Number(p.text)));
      cursor = answer.cursor;
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
    }
    clearTimeout(cut);
  }
  return heard;
}

const hearLines = (channel, cursor) =>
  hearStream(channel, cursor, 'application/x-ndjson', (feed) => feed.lines.map((line) => [Number(line.text), line.cursor]));
const hearEvents = (channel, cursor) =>
  hearStream(channel, cursor, 'text/event-stream', (feed) => feed.sse.events.map((event) => [Number(event.data), event.id]), '&session=new');

async function check(channel, ...ways) {
  const cursor = await cursorOf(channel);
  const hearing = ways.map((hear) => hear(channel, cursor));
  await publishAll(channel);
  for (const heard of await Promise.all(hearing)) assert.deepEqual(heard, Array.from({ length: N }, (_, i) => i));
}

test('lines of JSON, cut at random', () => check('lines', hearLines, hearLines));
test('events, cut at random', () => check('events', hearEvents, hearEvents));
test('long polls, given up at random', () => check('polls', hearByPolls, hearByPolls));
test('all of them on one channel', () => check('all', hearLines, hearEvents, hearByPolls));
