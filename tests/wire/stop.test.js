// SPDX-License-Identifier: MIT
// SIGTERM: whoever holds something open is told, each in its own way, and the process is gone.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask, eventually } from '../support/talk.js';

const SOON_MS = 4000; // for those who do not go the server waits 10 s

test('a stop tells every transport, and takes no time where the clients go', async () => {
  const server = await startServer('serve', ['--workers', '3']);
  const streams = await Promise.all(['text/event-stream', 'application/x-ndjson', 'text/event-stream', 'application/x-ndjson']
    .map((accept) => Feed.open(server, '/channels/lobby', { accept })));
  const talkers = await Promise.all([1, 2, 3].map(() => Talker.open(server, '/ws?user=ann')));
  for (const talker of talkers) await talker.sub('lobby');
  const raws = await Promise.all([1, 2, 3].map(async () => {
    const socket = new WebSocket(`${server.ws}/channels/lobby`);
    const closed = once(socket, 'close');
    await once(socket, 'open');
    return { closed };
  }));
  const { cursor } = (await ask(server, 'GET', '/channels/lobby')).body;
  const polls = [1, 2, 3].map(() => ask(server, 'GET', `/channels/lobby?after=${cursor}`, { headers: { Prefer: 'wait=60' } }));
  // All of them hold a session, the long polls too.
  await eventually(async () => /^godwit_sessions 13$/m.test((await ask(server, 'GET', '/metrics')).body), 'thirteen sessions');

  const begun = Date.now();
  const end = server.stop();
  for (const talker of talkers) {
    assert.match((await talker.next(/^bye /)).line, /^bye 4501 /);
    assert.ok([1001, 4501].includes((await talker.closed).code));
  }
  for (const { closed } of raws) assert.ok([1001, 4501].includes((await closed)[0]));
  for (const stream of streams) assert.equal((await stream.end()).isWhole, true, 'a streamed answer ends as a whole one');
  for (const poll of polls) {
    const { status, body } = await poll;
    assert.equal(status, 200);
    assert.deepEqual([body.cursor, body.publications], [cursor, []]);
  }
  assert.deepEqual(await end, { code: 0, signal: null });
  assert.ok(Date.now() - begun < SOON_MS, `${Date.now() - begun} ms`);
});

test('a connection that is kept idle, as browsers do, is not waited for', async () => {
  const server = await startServer('serve', []);
  const sockets = ['GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', ''].map((request) => {
    const socket = net.connect({ port: server.port, host: server.host, allowHalfOpen: true }); // nor does it close its side
    socket.write(request);
    return socket;
  });
  await once(sockets[0], 'data');
  assert.equal(sockets[1].connecting, false);
  const begun = Date.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - begun < SOON_MS, `${Date.now() - begun} ms`);
  for (const socket of sockets) socket.destroy();
});

test('a client that ignores the stop is cut when the wait is over, or by a second signal', async () => {
  const server = await startServer('serve', []);
  const stream = await Feed.open(server, '/channels/lobby', { accept: 'text/event-stream' });
  const socket = new WebSocket(`${server.ws}/channels/lobby`);
  await once(socket, 'open');
  socket.pause(); // it does not answer the Close
  const begun = Date.now();
  const end = server.stop();
  await stream.end(); // the stop has begun
  process.kill(server.pid, 'SIGTERM');
  assert.equal((await end).signal, null);
  assert.ok(Date.now() - begun < SOON_MS, `${Date.now() - begun} ms`);
  socket.terminate();
});
