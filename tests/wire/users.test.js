// SPDX-License-Identifier: MIT
// Users: who is online, where one is, what is sent to one, and the end of all of its sessions.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask, eventually } from '../support/talk.js';

const WORKERS = 3;
let server;
before(async () => { server = await startServer('serve', ['--workers', String(WORKERS)]); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const about = async (user) => (await ask(server, 'GET', `/users/${encodeURIComponent(user)}`)).body;
const numberOf = async (user) => (await about(user)).sessions.length;

test('a user who is not there is no mistake', async () => {
  const { status, body } = await ask(server, 'GET', '/users/nobody');
  assert.equal(status, 200);
  assert.deepEqual(body, { user: 'nobody', count: 0, sessions: [], channels: [] });
});

test('a user is shown with all sessions and channels, on whichever worker and transport', async () => {
  const talkers = await Promise.all(Array.from({ length: 4 }, () => Talker.open(server, '/ws?user=ann%20lee')));
  for (const [i, talker] of talkers.entries()) {
    await talker.sub('shared');
    await talker.sub(`own-${i}`);
  }
  const stream = await Feed.open(server, '/channels/streamed?user=ann%20lee', { accept: 'text/event-stream' });
  const { user, count, sessions, channels } = await about('ann lee');
  assert.equal(user, 'ann lee');
  assert.equal(count, 5);
  assert.deepEqual(channels.sort(), ['own-0', 'own-1', 'own-2', 'own-3', 'shared', 'streamed']);
  assert.deepEqual(sessions.map((s) => s.id).sort(), [...talkers, stream].map((t) => t.session).sort());
  for (const session of sessions) {
    assert.deepEqual(Object.keys(session), ['id', 'transport', 'since', 'connected', 'channels']);
    assert.equal(session.connected, true);
    assert.ok(Math.abs(Date.parse(session.since) - Date.now()) < 60_000);
    const [i] = [talkers.findIndex((t) => t.session === session.id)];
    assert.deepEqual(session.channels.sort(), i < 0 ? ['streamed'] : [`own-${i}`, 'shared']);
  }
  assert.equal(sessions.find((s) => s.id === stream.session).transport, 'sse');
  await Promise.all([...talkers, stream].map((t) => t.close()));
  await eventually(async () => (await numberOf('ann lee')) === 0, 'the end of all sessions');
});

test('a session that waits for its client is not connected, and its user not online', async () => {
  const talker = await Talker.open(server, '/ws?user=ben');
  await talker.sub('held');
  talker.socket.terminate();
  await eventually(async () => (await about('ben')).sessions[0]?.connected === false, 'the session without a connection');
  const { sessions } = await about('ben');
  assert.deepEqual(sessions.map(({ since, ...rest }) => rest), [{ id: talker.session, transport: null, connected: false, channels: ['held'] }]);
  const { body } = await ask(server, 'GET', '/users');
  assert.equal(body.users.find(({ user }) => user === 'ben'), undefined);
  await ask(server, 'DELETE', '/users/ben');
  assert.equal(await numberOf('ben'), 0);
});

test('who is online is listed once each, in the order of their coming', async () => {
  const names = ['u1', 'u2', 'u3'];
  const talkers = [];
  for (const name of [...names, 'u2', 'u2']) talkers.push(await Talker.open(server, `/ws?user=${name}`));
  talkers.push(await Talker.open(server));
  const { status, body } = await ask(server, 'GET', '/users');
  assert.equal(status, 200);
  assert.deepEqual(body.users.map(({ user, sessions }) => [user, sessions]), [['u1', 1], ['u2', 3], ['u3', 1]]);
  for (const { since } of body.users) assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000);
  assert.deepEqual([body.count, body.sessions], [3, 6]);
  const two = (await ask(server, 'GET', '/users?limit=2')).body;
  assert.deepEqual([two.users.length, two.count], [2, 3]);
  assert.equal((await ask(server, 'GET', '/users?limit=0')).status, 400);
  await Promise.all(talkers.map((t) => t.close()));
});

test('what is sent to a user reaches all of its sessions, and waits for one who is away', async () => {
  const before = await ask(server, 'POST', '/users/cleo', { body: 'while away', headers: { 'Content-Type': 'text/plain' } });
  assert.equal(before.status, 201);
  assert.deepEqual(Object.keys(before.body), ['user', 'cursor', 'duplicate']);
  assert.equal(before.body.user, 'cleo');
  const talkers = await Promise.all([1, 2, 3].map(() => Talker.open(server, '/ws?user=cleo')));
  for (const talker of talkers) assert.equal((await talker.next(/^direct /)).body, 'while away');
  const key = { 'Idempotency-Key': 'call-1', 'Content-Type': 'application/json' };
  const first = await ask(server, 'POST', '/users/cleo?event=call', { body: '{"from": 7}', headers: key });
  const again = await ask(server, 'POST', '/users/cleo?event=call', { body: '{"from": 7}', headers: key });
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual(again.body, { ...first.body, duplicate: true });
  await ask(server, 'POST', '/users/cleo', { body: 'last' });
  for (const talker of talkers) {
    const message = await talker.next(/^direct /);
    assert.match(message.line, /^direct \S+:2 event=call/);
    assert.equal(message.body, '{"from": 7}');
    assert.equal((await talker.next(/^direct /)).body, 'last');
  }
  await Promise.all(talkers.map((t) => t.close()));
});

test('the end of a user is the end of all its sessions', async () => {
  const talkers = await Promise.all([1, 2, 3].map(() => Talker.open(server, '/ws?user=dan')));
  const stream = await Feed.open(server, '/channels/any?user=dan', { accept: 'application/x-ndjson' });
  assert.equal((await ask(server, 'DELETE', '/users/dan')).status, 204);
  for (const talker of talkers) {
    assert.match((await talker.next(/^bye /)).line, /^bye 4403 /);
    assert.equal((await talker.closed).code, 4403);
  }
  await stream.end();
  assert.equal(await numberOf('dan'), 0);
  const gone = await ask(server, 'DELETE', '/users/dan');
  assert.equal(gone.status, 404);
  assert.equal(gone.type, 'application/problem+json');
});

test('methods and names', async () => {
  const head = await ask(server, 'HEAD', '/users');
  assert.deepEqual([head.status, head.body], [200, '']);
  const put = await ask(server, 'PUT', '/users/ann');
  assert.equal(put.status, 405);
  assert.deepEqual(put.headers.get('allow').split(', ').sort(), ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST']);
  const options = await ask(server, 'OPTIONS', '/users');
  assert.ok(options.status === 204 || options.status === 200);
  assert.deepEqual(options.headers.get('allow').split(', ').sort(), ['GET', 'HEAD', 'OPTIONS']);
  for (const name of ['', 'a%0Ab', '%FF', 'a'.repeat(129), 'a%2F']) assert.equal((await ask(server, 'GET', `/users/${name}`)).status, 400, name);
});

/** A request as a browser sends it that believes `host` to be this machine: DNS rebinding. */
const asked = (host, method, path, origin) => new Promise((resolve, reject) => {
  const headers = { Host: `${host}:${server.port}`, ...(origin ? { Origin: `http://${host}:${server.port}` } : {}) };
  http.request({ host: server.host, port: server.port, method, path, headers }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end();
});

test('the API is for those who call this machine by a name that is nobody else\'s', async () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evillocalhost', '127.evil', '128.0.0.1', '0.0.0.0', '[::2]', '2130706433'])
    for (const [method, path] of [['GET', '/users'], ['GET', '/metrics'], ['POST', '/lab/start'], ['DELETE', '/users/ann']])
      for (const hasOrigin of [false, true]) assert.equal(await asked(host, method, path, hasOrigin), 403, `${method} ${path} at ${host}`);
  for (const host of ['localhost', 'LocalHost', 'here.localhost', '127.0.0.1', '127.9.9.9', '[::1]'])
    for (const hasOrigin of [false, true]) assert.equal(await asked(host, 'GET', '/users', hasOrigin), 200, host);
});

test('a page of another site gets nothing', async () => {
  for (const [method, path] of [['GET', '/users'], ['POST', '/users/ann'], ['DELETE', '/users/ann'], ['GET', '/users/ann']])
    assert.equal((await ask(server, method, path, { body: method === 'POST' ? 'x' : undefined, headers: { Origin: 'https://evil.example' } })).status, 403);
});
