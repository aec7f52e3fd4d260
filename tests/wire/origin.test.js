// SPDX-License-Identifier: MIT
// `--origin`: pages from elsewhere are clients, by every way in; the API stays with the server's own pages and with programs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { run } from '../support/program.js';
import { startServer } from '../support/server.js';
import { ask } from '../support/talk.js';

const SHOP = 'http://localhost:8080', TEAM = 'https://ann.team.example', EVIL = 'https://evil.example';
let server;
before(async () => {
  server = await startServer('serve', ['--workers', '2', '--origin', `${SHOP}, https://*.team.example`, '--channel', 'api:*=publish:api']);
});
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const from = (origin, more = {}) => ({ Origin: origin, ...more });
const own = () => server.url;

/** How a WebSocket's handshake ends: 101 or the status of its refusal. */
const handshake = (path, origin, protocols = []) => new Promise((resolve, reject) => {
  const socket = new WebSocket(server.ws + path, protocols, { origin });
  socket.once('open', () => { socket.terminate(); resolve(101); });
  socket.once('unexpected-response', (_, answer) => { answer.resume(); resolve(answer.statusCode); });
  socket.once('error', reject);
});

test('pages of the list and the own ones may use the channels, others may not', async () => {
  for (const [origin, may] of [[SHOP, true], [TEAM, true], [own(), true], [EVIL, false], ['https://team.example', false], ['http://localhost:8081', false], ['null', false]]) {
    const headers = from(origin);
    assert.equal(await handshake('/channels/lobby', origin), may ? 101 : 403, origin);
    assert.equal(await handshake('/ws', origin, ['godwit.v1']), may ? 101 : 403, origin);
    for (const [method, body] of [['GET'], ['POST', 'x']]) {
      const answer = await ask(server, method, '/channels/lobby', { body, headers });
      assert.equal(answer.status, may ? (body ? 201 : 200) : 403, `${method} ${origin}`);
      assert.equal(answer.headers.get('access-control-allow-origin'), may ? origin : null);
      assert.equal(answer.headers.get('access-control-allow-credentials'), may ? 'true' : null);
    }
    for (const accept of may ? ['text/event-stream', 'application/x-ndjson'] : []) {
      const feed = await Feed.open(server, '/channels/lobby', { accept, fields: { ...headers, Host: `${server.host}:${server.port}` } });
      assert.equal(feed.header('access-control-allow-origin'), origin);
      assert.match(feed.header('access-control-expose-headers'), /Godwit-Cursor/);
      await feed.close();
    }
  }
});

test('a preflight is answered to them', async () => {
  const asks = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key' };
  for (const path of ['/channels/lobby', '/users/ann']) {
    const answer = await ask(server, 'OPTIONS', path, { headers: from(SHOP, asks) });
    assert.equal(answer.status, 204, path);
    assert.equal(answer.headers.get('access-control-allow-origin'), SHOP);
    assert.match(answer.headers.get('access-control-allow-methods'), /POST/);
    assert.equal(answer.headers.get('access-control-allow-headers'), 'authorization,content-type,idempotency-key');
    assert.equal((await ask(server, 'OPTIONS', path, { headers: from(EVIL, asks) })).status, 403);
  }
  assert.equal((await ask(server, 'OPTIONS', '/publish', { headers: from(SHOP, asks) })).status, 403);
});

test('they send to users', async () => {
  for (const [origin, status] of [[SHOP, 201], [own(), 201], [EVIL, 403]])
    assert.equal((await ask(server, 'POST', '/users/ann?user=ben', { body: 'x', headers: from(origin) })).status, status, origin);
  assert.equal((await ask(server, 'POST', '/users/ann', { body: 'x', headers: from(SHOP) })).status, 403, 'whoever sends has a name');
});

test('the API is not theirs, whichever browser on this machine shows them', async () => {
  for (const [method, path] of [['GET', '/users'], ['GET', '/users/ann'], ['DELETE', '/users/ann'], ['GET', '/sessions/x'], ['DELETE', '/sessions/x'],
    ['POST', '/publish'], ['GET', '/metrics'], ['DELETE', '/channels/lobby'], ['POST', '/channels/api:a'], ['GET', '/channels/inbox:ann'], ['POST', '/channels/inbox:ann']]) {
    const body = method === 'POST' ? '[]' : undefined;
    assert.equal((await ask(server, method, path, { body, headers: from(SHOP) })).status, 403, `${method} ${path}`);
    assert.notEqual((await ask(server, method, path, { body, headers: from(own()) })).status, 403, `${method} ${path}`);
  }
  for (const [origin, answer] of [[SHOP, /^error /], [own(), /^ok /]]) {
    const talker = await Talker.open(server, '/ws', { origin });
    assert.match((await talker.say('pub api:a id=1', 'x').next(/ id=1/)).line, answer, origin);
    await talker.close();
  }
});

test('a list with a star lets everyone in, and then no cookies count', async () => {
  const open = await startServer('serve', ['--origin', '*']);
  for (const origin of [EVIL, 'null', open.url]) {
    const answer = await ask(open, 'GET', '/channels/lobby', { headers: from(origin) });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin'), answer.headers.get('access-control-allow-credentials')], [200, origin, null]);
  }
  assert.equal((await ask(open, 'GET', '/metrics', { headers: from(EVIL) })).status, 403);
  await open.stop();
});

test('a list with what is no origin is bad usage', async () => {
  for (const list of ['', 'localhost:8080', 'http://localhost:8080/', `${SHOP},nonsense`, 'https://*', 'null']) {
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--origin', list]);
    assert.equal(code, 2, list);
    assert.ok(stderr.startsWith(`godwit serve: --origin ${list}: `) && stderr.includes('https://example.com'), stderr);
  }
});
