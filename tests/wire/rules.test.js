// SPDX-License-Identifier: MIT
// `--channel` and `--resume`: what holds in which channels.

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { Talker } from '../support/godwit.js';
import { run } from '../support/program.js';
import { startServer } from '../support/server.js';
import { ask, channelPath, eventually } from '../support/talk.js';

const texts = async (server, channel) => (await ask(server, 'GET', channelPath(channel))).body.publications.map((p) => p.text);
const publish = (server, channel, body) => ask(server, 'POST', channelPath(channel), { body });

test('a rule that is not understood is bad usage, and says what is wrong', async () => {
  for (const rule of ['', 'ticker', 'ticker:*=', 'ticker:*=history', 'ticker:*=history:x', 'a:*=slow:never', 'a:*=colour:red', 'a=home:0', 'a=home:65', '/a=history:1', '=history:1']) {
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--channel', rule]);
    assert.equal(code, 2, rule);
    assert.ok(stderr.startsWith(`godwit serve: --channel ${rule}: `), stderr);
    assert.ok(stderr.length > `godwit serve: --channel ${rule}: `.length + 5, stderr);
  }
  assert.equal((await run(['serve', '--resume', '0'])).code, 2);
});

test('a channel lives where its rule says, and is heard everywhere', async () => {
  const server = await startServer('serve', ['--workers', '3', '--channel', 'lab:*=home:3']);
  const talkers = await Promise.all(Array.from({ length: 6 }, () => Talker.open(server)));
  for (const talker of talkers) await talker.sub('lab:1');
  for (let i = 1; i <= 5; i++) assert.equal((await publish(server, 'lab:1', String(i))).status, 201);
  for (const talker of talkers) for (let i = 1; i <= 5; i++) assert.equal((await talker.until('msg')).body, String(i));
  assert.deepEqual(await texts(server, 'lab:1'), ['1', '2', '3', '4', '5']);
  await Promise.all(talkers.map((talker) => talker.close()));
  await server.stop();
});

test('a history is as long as its namespace says', async () => {
  const server = await startServer('serve', ['--workers', '2', '--channel', 'short:*=history:3', '--channel', 'none:*=history:0', '--channel', 'short:special=history:5']);
  for (const channel of ['short:a', 'none:a', 'short:special', 'other']) for (let i = 1; i <= 8; i++) await publish(server, channel, String(i));
  assert.deepEqual(await texts(server, 'short:a'), ['6', '7', '8']);
  assert.deepEqual(await texts(server, 'none:a'), []);
  assert.deepEqual(await texts(server, 'short:special'), ['4', '5', '6', '7', '8']);
  assert.equal((await texts(server, 'other')).length, 8);
  await server.stop();
});

test('a publication is as old as its namespace allows', async () => {
  const server = await startServer('serve', ['--channel', 'brief:*=age:1s']);
  await publish(server, 'brief:a', 'x');
  await publish(server, 'other', 'x');
  await eventually(async () => (await texts(server, 'brief:a')).length === 0, 'the end of the history');
  assert.deepEqual(await texts(server, 'other'), ['x']);
  await server.stop();
});

test('a session waits for its client as long as --resume says', async () => {
  const server = await startServer('serve', ['--resume', '1']);
  const talker = await Talker.open(server, '/ws?user=ann');
  talker.socket.terminate();
  await eventually(async () => (await ask(server, 'GET', `/sessions/${talker.session}`)).status === 404, 'the end of the session');
  await server.stop();
});

// On this machine everybody is the API in development mode; an address of its own that is not loopback is somebody else.
const address = Object.values(networkInterfaces()).flat().find((i) => i.family === 'IPv4' && !i.internal)?.address;

const outsiderRules = ['--channel', 'api:*=publish:api', '--channel', 'named:*=publish:users', '--channel', 'inbox:chief=publish:api'];

/** What somebody may and may not who does not come from this machine. */
async function decideForAnOutsider(server, headers) {
  const status = async (method, path, options = {}) => (await ask(server, method, path, { ...options, headers })).status;
  const post = (path) => status('POST', path, { body: 'x' });
  assert.equal(await post('/channels/open'), 201);
  assert.equal(await post('/channels/api:a'), 403);
  assert.equal(await post('/channels/named:a'), 403);
  assert.equal(await post('/channels/named:a?user=ann'), 201);
  assert.equal(await post('/channels/inbox:ann'), 403);
  assert.equal(await status('GET', '/channels/inbox:ann'), 403);
  assert.equal(await status('GET', '/channels/inbox:ann?user=ann'), 200);
  assert.equal(await status('GET', '/channels/api:a'), 200);
  // Whoever says who it is sends to users, as over a WebSocket, unless the inbox takes from the API alone.
  assert.equal(await post('/users/ann'), 403);
  assert.equal(await post('/users/ann?user=ben'), 201);
  const byToken = await ask(server, 'POST', '/users/ann', { body: 'y', headers: { ...headers, Authorization: 'Bearer cy' } });
  assert.deepEqual([byToken.status, byToken.body.user], [201, 'ann']);
  const inbox = await ask(server, 'GET', '/channels/inbox:ann?user=ann', { headers });
  assert.deepEqual(inbox.body.publications.map(({ from, text }) => [from, text]), [['ben', 'x'], ['cy', 'y']]);
  assert.equal(await post('/users/chief?user=ben'), 403);
  for (const [method, path] of [['GET', '/users'], ['GET', '/users/ann'], ['GET', '/users/ann?user=ann'], ['DELETE', '/users/ann?user=ann'], ['DELETE', '/users/ann'], ['DELETE', '/sessions/x'],
    ['POST', '/publish'], ['GET', '/metrics'], ['DELETE', '/channels/open']])
    assert.equal(await status(method, path, { body: method === 'POST' ? '[]' : undefined }), 403, `${method} ${path}`);
  const talker = await Talker.open(server, '/ws', { headers });
  assert.match((await talker.say('pub api:a id=1', 'x').next(/ id=1/)).line, /^error /);
  assert.match((await talker.say('pub named:a id=2', 'x').next(/ id=2/)).line, /^error /);
  assert.match((await talker.say('to ann id=5', 'x').next(/ id=5/)).line, /^error 403 /);
  await talker.say('auth ann id=3').next(/^ok id=3/);
  assert.match((await talker.say('to ann id=6', 'x').next(/ id=6/)).line, /^ok /);
  assert.match((await talker.say('to chief id=7', 'x').next(/ id=7/)).line, /^error 403 /);
  assert.match((await talker.say('pub named:a id=4', 'x').next(/ id=4/)).line, /^ok /);
  await talker.close();
}

test('who may publish is decided for every way in, and the API is closed to others', { skip: !address }, async () => {
  const server = await startServer('serve', ['--insecure', '--listen', `${address}:0`, ...outsiderRules]);
  await decideForAnOutsider(server, {});
  await server.stop();
});

for (const [name, value] of [['X-Forwarded-For', '203.0.113.9'], ['Forwarded', 'for=203.0.113.9'], ['X-Real-IP', '203.0.113.9']])
  test(`whoever a proxy on this machine says that it stands for (${name}) is an outsider`, async () => {
    const server = await startServer('serve', outsiderRules);
    await decideForAnOutsider(server, { [name]: value });
    await server.stop();
  });
