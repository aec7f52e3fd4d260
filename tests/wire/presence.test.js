// SPDX-License-Identifier: MIT
// Who is in a channel, whatever carries them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask, channelPath, eventually } from '../support/talk.js';

let server;
let rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '3', '--channel', 'quiet:*=presence:off']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `room/${++rooms}`;
const presence = (channel) => ask(server, 'GET', `${channelPath(channel)}/presence`);
/** Until the channel has so many sessions. */
const settles = (channel, sessions) => eventually(async () => {
  const { body } = await presence(channel);
  return body.sessions === sessions && body;
}, `${sessions} sessions in ${channel}`);

test('an unused channel is empty', async () => {
  const { status, type, body } = await presence(fresh());
  assert.equal(status, 200);
  assert.match(type, /^application\/json/);
  assert.deepEqual(body, { users: [], count: 0, sessions: 0 });
});

test('every transport that holds the channel open counts, once per user and session', async () => {
  const channel = fresh();
  const path = channelPath(channel);
  const talkers = [await Talker.open(server, '/ws?user=ann'), await Talker.open(server, '/ws?user=ann'), await Talker.open(server, '/ws')];
  for (const talker of talkers) await talker.sub(channel);
  const streams = [
    await Feed.open(server, `${path}?user=ben`, { accept: 'text/event-stream' }),
    await Feed.open(server, `${path}?user=ann`, { accept: 'application/x-ndjson' }),
  ];
  const raw = new WebSocket(`${server.ws}${path}?user=cleo`);
  await once(raw, 'open');
  const { users, count, sessions } = await settles(channel, 6);
  assert.deepEqual(users.map((u) => [u.user, u.sessions]), [['ann', 3], ['ben', 1], ['cleo', 1]]);
  for (const { since } of users) assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000);
  assert.deepEqual([count, sessions], [3, 6]);
  raw.terminate();
  await Promise.all([...talkers, ...streams].map((t) => t.close()));
});

test('joins and leaves are told once per user; the last one to go lingers', async () => {
  const channel = fresh();
  const watcher = await Talker.open(server, '/ws?user=watcher');
  await watcher.sub(channel);
  const tabs = [];
  for (let i = 0; i < 3; i++) {
    tabs.push(await Talker.open(server, '/ws?user=ann'));
    await tabs[i].sub(channel);
  }
  assert.match((await watcher.next(/^join /)).line, / ann$/);
  await settles(channel, 4);
  const gone = Date.now();
  for (const tab of tabs) await tab.close();
  const back = await Talker.open(server, '/ws?user=ben');
  await back.sub(channel);
  assert.match((await watcher.next(/^join /)).line, / ben$/); // and no second one of ann
  assert.match((await watcher.next(/^leave /)).line, / ann$/);
  const waited = Date.now() - gone;
  assert.ok(waited > 4500 && waited < 12_000, `${waited} ms`);
  assert.deepEqual((await presence(channel)).body.users.map((u) => u.user), ['watcher', 'ben']);
  await Promise.all([watcher, back].map((t) => t.close()));
});

test('a channel without presence has no list', async () => {
  const { status, type } = await presence('quiet:library');
  assert.equal(status, 404);
  assert.equal(type, 'application/problem+json');
});

test('a channel may be called presence, and one in it too', async () => {
  assert.equal((await ask(server, 'GET', '/channels/presence')).body.channel, 'presence');
  assert.equal((await ask(server, 'GET', '/channels/a%2Fpresence')).body.channel, 'a/presence');
  assert.deepEqual((await ask(server, 'GET', '/channels/presence/presence')).body.users, []);
});

test('presence is only read', async () => {
  const path = `${channelPath(fresh())}/presence`;
  assert.deepEqual([(await ask(server, 'HEAD', path)).status, (await ask(server, 'HEAD', path)).body], [200, '']);
  for (const method of ['POST', 'DELETE']) {
    const answer = await ask(server, method, path, { body: method === 'POST' ? 'x' : undefined });
    assert.equal(answer.status, 405);
    assert.match(answer.headers.get('allow'), /^GET, HEAD/);
  }
  const socket = new WebSocket(server.ws + path);
  const [error] = await once(socket, 'error');
  assert.match(error.message, /400/);
});
