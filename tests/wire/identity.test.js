// SPDX-License-Identifier: MIT
// Who a session is when its client comes back, by every transport: whom it names, else who it was. What it may hear goes by that.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask } from '../support/talk.js';

let server, n = 0;
before(async () => { server = await startServer('serve', ['--workers', '3']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `user${++n}`;
const who = async (session) => (await ask(server, 'GET', `/sessions/${session}`)).body.user;

/** Opens a raw WebSocket or is refused: {status, session, close}. */
async function raw(path) {
  const socket = new WebSocket(server.ws + path);
  socket.on('error', () => {});
  const answer = await Promise.race([
    once(socket, 'upgrade').then(([answer]) => answer),
    once(socket, 'unexpected-response').then(([, answer]) => answer),
  ]);
  return { status: answer.statusCode, session: answer.headers['godwit-session'], close: () => socket.terminate() };
}

const streamed = (accept) => async (path) => {
  const stream = await Feed.open(server, path, { accept });
  return { status: stream.status, session: stream.session, close: () => stream.close() };
};

/** Asked without a cursor, a new session is answered at once; one that comes back waits, which nobody has the time for. */
async function longPoll(path) {
  const gone = new AbortController();
  const publish = path.match(/^\/channels\/([^?]*)/)[1];
  const answer = fetch(`${server.url}${path}&wait=20`, { signal: gone.signal });
  const told = setInterval(() => ask(server, 'POST', `/channels/${publish}`, { body: 'x' }), 20);
  const { status, headers, body } = await answer.finally(() => clearInterval(told));
  await body.cancel();
  return { status, session: headers.get('godwit-session'), close: () => gone.abort() };
}

const ways = { sse: streamed('text/event-stream'), ndjson: streamed('application/x-ndjson'), longpoll: longPoll, raw };

/** A session of this user, without a connection. */
async function parked(user) {
  const talker = await Talker.open(server, `/ws${user ? `?user=${user}` : ''}`);
  talker.socket.terminate();
  await talker.closed;
  return talker.session;
}

for (const [name, open] of Object.entries(ways)) {
  test(`who comes back without a name is who it was: ${name}`, async () => {
    const user = fresh(), session = await parked(user);
    const back = await open(`/channels/lobby?session=${session}`);
    assert.deepEqual([back.status, back.session], [200 + (name === 'raw') * -99, session]);
    assert.equal(await who(session), user);
    back.close();
  });

  test(`who comes back with another name goes on under that: ${name}`, async () => {
    const session = await parked(fresh()), user = fresh();
    const back = await open(`/channels/lobby?session=${session}&user=${user}`);
    assert.equal(back.session, session);
    assert.equal(await who(session), user);
    back.close();
  });

  test(`a session hears its own user's inbox, and no other: ${name}`, async () => {
    const user = fresh(), session = await parked(user), other = fresh();
    const refused = await open(`/channels/inbox:${other}?session=${session}`);
    assert.equal(refused.status, 403);
    refused.close();
    assert.equal(await who(session), user, 'refused, it waits on');
    const named = await open(`/channels/inbox:${user}?session=${session}&user=${other}`);
    assert.equal(named.status, 403);
    named.close();
    assert.equal(await who(session), user, 'refused before it was asked who it is');
    const own = await open(`/channels/inbox:${user}?session=${session}`);
    assert.equal(own.session, session);
    own.close();
  });

  test(`where the session is over, who asks is judged by itself: ${name}`, async () => {
    const user = fresh();
    const other = await open(`/channels/inbox:${user}?session=${'0'.repeat(24)}&user=${fresh()}`);
    assert.equal(other.status, 403);
    other.close();
  });
}

test('godwit.v1 at a channel goes by the same rule', async () => {
  const user = fresh(), session = await parked(user);
  await assert.rejects(Talker.open(server, `/channels/inbox:${fresh()}?session=${session}`));
  const talker = await Talker.open(server, `/channels/inbox:${user}?session=${session}`);
  assert.deepEqual([talker.session, talker.welcome.options.user, talker.welcome.options.resumed], [session, user, 'yes']);
  await talker.close();
});

test('who takes a name hears nobody else\'s inbox any more', async () => {
  const other = fresh(), user = fresh();
  const talker = await Talker.open(server);
  await talker.sub(`inbox:${other}`);
  talker.say(`auth ${user} id=1`);
  await talker.next(/^ok id=1/);
  talker.say(`unsub inbox:${other} id=2`);
  assert.match((await talker.next(/ id=2/)).line, /^error 404 /);
  talker.say(`unsub inbox:${user} id=3`);
  await talker.next(/^ok id=3/);
  await talker.close();
});
