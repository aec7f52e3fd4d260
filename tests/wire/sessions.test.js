// SPDX-License-Identifier: MIT
// Sessions by their id: what one is, and its end, whatever carries it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask } from '../support/talk.js';

let server;
before(async () => { server = await startServer('serve', ['--workers', '3']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const about = (id) => ask(server, 'GET', `/sessions/${id}`);
const end = (id) => ask(server, 'DELETE', `/sessions/${id}`);

test('a session is shown with its user, transport and channels', async () => {
  const talker = await Talker.open(server, '/ws?user=ann');
  await talker.sub('lobby');
  const { status, body } = await about(talker.session);
  assert.equal(status, 200);
  const { since, ...rest } = body;
  assert.deepEqual(rest, { id: talker.session, user: 'ann', transport: rest.transport, connected: true, channels: ['lobby'] });
  assert.equal(typeof rest.transport, 'string');
  assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000);
  await talker.close();
});

test('a session that the API ends is told so and closed with 4403, and cannot be resumed', async () => {
  const talker = await Talker.open(server, '/ws?user=ben');
  assert.equal((await end(talker.session)).status, 204);
  assert.match((await talker.next(/^bye /)).line, /^bye 4403 /);
  assert.equal((await talker.closed).code, 4403);
  assert.equal((await about(talker.session)).status, 404);
  assert.equal((await end(talker.session)).status, 404);
  const again = await Talker.open(server, `/ws?user=ben&session=${talker.session}`);
  assert.notEqual(again.session, talker.session);
  await again.close();
});

test('a raw WebSocket is closed with 4403', async () => {
  const socket = new WebSocket(`${server.ws}/channels/raw`);
  const [answer] = await once(socket, 'upgrade');
  const closed = once(socket, 'close');
  assert.equal((await end(answer.headers['godwit-session'])).status, 204);
  assert.equal((await closed)[0], 4403);
});

for (const [name, accept] of [['sse', 'text/event-stream'], ['ndjson', 'application/x-ndjson']])
  test(`an answer that streams ends: ${name}`, async () => {
    const stream = await Feed.open(server, '/channels/streamed', { accept });
    assert.equal((await about(stream.session)).body.transport, name);
    assert.equal((await end(stream.session)).status, 204);
    await stream.end();
    assert.equal((await about(stream.session)).status, 404);
  });

test('what is no id is no session', async () => {
  for (const id of ['', 'x', 'x'.repeat(24), 'x'.repeat(500), '%00', 'a/b', '%zz']) {
    const { status, type } = await about(id);
    assert.equal(status, 404, id);
    assert.equal(type, 'application/problem+json');
  }
  assert.equal((await ask(server, 'POST', '/sessions/x')).status, 405);
});
