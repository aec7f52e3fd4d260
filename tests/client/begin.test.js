// SPDX-License-Identifier: MIT
// How a channel begins: when it stands, its history read or not to be read, who is there, closed and opened meanwhile.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Listener } from '../support/listener.js';
import { startServer } from '../support/server.js';
import { sockets } from '../support/socket.js';

let server, rooms = 0, undo = [];
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });
afterEach(() => { for (const step of undo.splice(0).reverse()) step(); });

const fresh = () => `begin-${++rooms}`;

function listen(options, url = server.url) {
  const listener = new Listener(url, options);
  undo.push(() => listener.close());
  return listener;
}

async function post(channel, ...bodies) {
  for (const body of bodies) assert.equal((await fetch(`${server.url}/channels/${channel}`, { method: 'POST', body })).status, 201);
}

const isHistory = (url) => /\/channels\/[^/?]+\?(user=\w*)?$/.test(url);

/** `fetch`, but the history is read as `read(calls)` says: 'lost', or when what it gives has settled. */
function readingBy(read) {
  let calls = 0;
  return async (url, init) => {
    const isOne = isHistory(String(url)) && !init.method;
    if (isOne && await read(++calls) === 'lost') throw new TypeError('fetch failed');
    return fetch(url, init);
  };
}

for (const transport of ['websocket', 'sse', 'longpoll'])
  test(`${transport}: open() settles when the history has been told; what is published then is heard`, async () => {
    const channel = fresh();
    await post(channel, '1', '2');
    const ann = listen({ transports: [transport] });
    const room = ann.channel(channel, { history: true });
    await room.open();
    assert.deepEqual(ann.texts(channel), ['1', '2']);
    const { cursor } = room;
    await post(channel, '3');
    assert.deepEqual(await ann.messages(channel, 3), ['1', '2', '3']);
    const bob = listen({ transports: [transport] });
    await bob.channel(channel).open(); // from now on
    const cyd = listen({ transports: [transport] });
    await cyd.channel(channel, { after: cursor }).open();
    await post(channel, '4');
    assert.deepEqual(await bob.messages(channel, 1), ['4']);
    assert.deepEqual(await cyd.messages(channel, 2), ['3', '4']);
  });

test('open() settles where the channel may not be heard, or is closed, too', async () => {
  const ann = listen({ user: 'ann' });
  await ann.channel('inbox:bob').open();
  assert.equal(ann.values('inbox:bob error')[0].code, 403);
  const { WebSocket } = sockets(); // never welcomed
  const eve = listen({ transports: ['websocket'], WebSocket });
  const rooms2 = [eve.g.channel('a'), eve.g.channel('b')];
  const both = rooms2.map((room) => room.open());
  rooms2[0].close();
  await both[0];
  eve.close();
  await both[1];
});

test('the connection is lost while the history is read: it is read again, and nobody is troubled', async () => {
  const channel = fresh();
  await post(channel, '1');
  const ann = listen({ fetch: readingBy((n) => n === 1 && 'lost') });
  await ann.channel(channel, { history: true }).open();
  assert.deepEqual([ann.texts(channel), ann.values(`${channel} error`)], [['1'], []]);
});

test('a history that cannot be read is a Problem, and the channel goes on without it', async () => {
  const channel = fresh();
  await post(channel, '1');
  const ann = listen({ fetch: readingBy(() => 'lost') });
  const room = ann.channel(channel, { history: true });
  await room.open();
  const [problem, ...more] = ann.values(`${channel} error`);
  assert.ok(problem instanceof Error);
  assert.deepEqual([problem.code, problem.reason, more], [0, 'lost', []]);
  await post(channel, '2');
  assert.deepEqual(await ann.messages(channel, 1), ['2']);
  await assert.rejects(room.history(), { code: 0, reason: 'lost' });
});

test('a history that never comes is given up; while the network is away it is tried again and again', async () => {
  const channel = fresh();
  await post(channel, '1');
  const { WebSocket, nth } = sockets();
  let calls = 0;
  const ann = listen({ transports: ['websocket'], WebSocket, timeout: 100, fetch: (url, init) => (++calls < 6 ? new Promise(() => {}) : fetch(url, init)) });
  const room = ann.channel(channel, { history: true });
  const first = (await nth(1)).welcome();
  const [, id] = await first.hears(/^sub \S+ id=(\S+)$/);
  const { cursor } = await (await fetch(`${server.url}/channels/${channel}`)).json();
  first.tell(`subscribed ${channel} cursor=${cursor} id=${id}`).end();
  await room.open(); // meanwhile no connection is welcomed
  assert.deepEqual([ann.texts(channel), ann.values(`${channel} error`), calls], [['1'], [], 6]);
});

test('closed while its history is read, a channel is silent; opened again it has missed nothing', async () => {
  const channel = fresh();
  await post(channel, '1');
  let go, asked;
  const held = new Promise((resolve) => { go = resolve; });
  const reading = new Promise((resolve) => { asked = resolve; });
  const ann = listen({ fetch: async (url, init) => {
    const answer = await fetch(url, init);
    if (!isHistory(url)) return answer;
    asked();
    await held;
    return answer;
  } });
  const room = ann.channel(channel, { history: true });
  await reading;
  room.close();
  const heldBy = async () => (await (await fetch(`${server.url}/channels/${channel}/presence`)).json()).sessions;
  while (await heldBy() !== 0) await new Promise(setImmediate);
  go();
  await room.history(); // as long as the other one takes
  assert.deepEqual(ann.texts(channel), []);
  await post(channel, '2');
  await room.open();
  await post(channel, '3');
  assert.deepEqual(await ann.messages(channel, 3), ['1', '2', '3']);
});

test('presence is asked for when the channel stands, not before', async () => {
  const { WebSocket, nth } = sockets();
  const asked = [];
  const page = { users: [{ user: 'ann' }], count: 1, sessions: 1 };
  const ann = listen({ user: 'ann', transports: ['websocket'], WebSocket, fetch: async (url) => {
    asked.push(url);
    return Response.json(page);
  } });
  const room = ann.channel('a');
  const socket = (await nth(1)).welcome(' user=ann');
  const users = room.presence();
  const [, id] = await socket.hears(/^sub a id=(\S+)$/);
  await new Promise(setImmediate);
  assert.deepEqual(asked, []);
  socket.tell(`subscribed a cursor=e:1 id=${id}`);
  assert.equal((await users).count, 1);
  assert.deepEqual(await ann.g.channel('not heard').presence(), page);
});
