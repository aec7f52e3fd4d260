// SPDX-License-Identifier: MIT
// Many ends at once: a user with a hundred sessions is ended while more of them come, and the server stops while it is asked about everything.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask, eventually } from '../support/talk.js';

const closeOf = (socket) => new Promise((resolve) => { socket.on('close', resolve); });

/** A raw WebSocket that is open. */
const raw = (server, path) => new Promise((resolve, reject) => {
  const socket = new WebSocket(server.ws + path);
  socket.on('open', () => resolve(socket)).on('error', reject);
});

/** `n` of each transport, in one channel, all of one user. */
async function sessions(server, user, n) {
  const of = (make) => Promise.all(Array.from({ length: n }, make));
  const path = `/channels/lobby?user=${user}`;
  const talkers = await of(() => Talker.open(server, path));
  const raws = await of(() => raw(server, path));
  const streams = [...await of(() => Feed.open(server, path, { accept: 'text/event-stream' })), ...await of(() => Feed.open(server, path, { accept: 'application/x-ndjson' }))];
  const { cursor } = (await ask(server, 'GET', '/channels/lobby')).body;
  const polls = Array.from({ length: n }, () => ask(server, 'GET', `${path}&after=${cursor}&wait=30`));
  await eventually(async () => (await ask(server, 'GET', `/users/${user}`)).body.count === 5 * n, `${5 * n} sessions`);
  return { talkers, raws, streams, polls, cursor };
}

test('a user with a hundred sessions is ended on all workers, whatever carries them, and heard to leave once', async (t) => {
  const server = await startServer('serve', ['--workers', '3']);
  t.after(() => server.kill());
  const watcher = await Talker.open(server, '/channels/lobby?user=eve');
  const { talkers, raws, streams, polls, cursor } = await sessions(server, 'ann', 20);
  const closed = raws.map(closeOf);
  // Those who ask at once see all or nothing of it, and one of them ends it.
  const ends = await Promise.all(Array.from({ length: 5 }, () => ask(server, 'DELETE', '/users/ann')));
  assert.ok(ends.some(({ status }) => status === 204), JSON.stringify(ends.map((e) => e.status)));
  assert.ok(ends.every(({ status }) => [204, 404].includes(status)));
  for (const talker of talkers) {
    assert.match((await talker.next(/^bye /)).line, /^bye 4403 /);
    assert.equal((await talker.closed).code, 4403);
  }
  assert.deepEqual([...new Set(await Promise.all(closed))], [4403]);
  for (const stream of streams) await stream.end();
  assert.deepEqual([...new Set((await Promise.all(polls)).map(({ status, body }) => `${status} ${body.cursor}`))], [`200 ${cursor}`]); // and asks again
  assert.equal((await ask(server, 'GET', '/users/ann')).body.count, 0);
  await watcher.next(/^join lobby ann$/);
  assert.equal((await watcher.next(/^(join|leave) lobby ann$/)).line, 'leave lobby ann');
  const presence = (await ask(server, 'GET', '/channels/lobby/presence')).body;
  assert.deepEqual(presence.users.map(({ user }) => user), ['eve']);

  const again = await Talker.open(server, '/ws?user=ann');
  assert.equal((await again.sub('lobby')).recovered, 'yes');
  await Promise.all([again.close(), watcher.close()]);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('who ends a user while its sessions come and go neither hangs nor leaves one behind', async (t) => {
  const server = await startServer('serve', ['--workers', '3', '--resume', '1']);
  t.after(() => server.kill());
  const come = async () => {
    for (let i = 0; i < 15; i++) {
      const talker = await Talker.open(server, '/ws?user=ann').catch(() => undefined);
      await talker?.sub('lobby').catch(() => undefined);
      talker?.socket.terminate();
      const back = talker && await Talker.open(server, `/ws?session=${talker.session}`).catch(() => undefined);
      back?.socket.terminate();
    }
  };
  let isOver = false;
  const end = async () => {
    let ended = 0;
    while (!isOver) ended += (await ask(server, 'DELETE', '/users/ann')).status === 204;
    return ended;
  };
  const ends = [end(), end()];
  await Promise.all(Array.from({ length: 10 }, come));
  isOver = true;
  assert.ok((await Promise.all(ends)).some((n) => n > 0));
  await eventually(async () => /^godwit_sessions 0$/m.test((await ask(server, 'GET', '/metrics')).body), 'no session');
  assert.match((await ask(server, 'GET', '/metrics')).body, /^godwit_subscribers 0$/m);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('a stop while every worker is asked about users, sessions, presence and metrics', async () => {
  for (const wait of [0, 1, 3]) {
    const server = await startServer('serve', ['--workers', '3']);
    const talkers = await Promise.all(Array.from({ length: 30 }, (_, i) => Talker.open(server, `/channels/lobby?user=u${i}`)));
    const paths = ['/users', '/users/u1', '/metrics', `/sessions/${talkers[0].session}`, '/channels/lobby/presence', '/channels/lobby'];
    let isOver = false, answers = 0;
    const asking = Promise.all(paths.flatMap((path) => [1, 2, 3].map(async () => {
      while (!isOver) await ask(server, 'GET', path).then(({ status }) => { assert.equal(status, 200); answers++; }, () => { isOver = true; });
    })));
    await eventually(() => answers > 50, 'answers');
    await new Promise((resolve) => { setTimeout(resolve, wait); });
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    isOver = true;
    await asking;
    talkers.forEach((talker) => talker.socket.terminate());
  }
});
