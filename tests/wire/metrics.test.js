// SPDX-License-Identifier: MIT
// GET /metrics: the text format of Prometheus, and numbers that are true on all workers together.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask, eventually } from '../support/talk.js';

let server;
before(async () => { server = await startServer('serve', ['--workers', '3', '--resume', '1']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

/** {name: number}; every line is one of the format's, each metric with its help and type before it. */
async function metrics() {
  const { status, type, body } = await ask(server, 'GET', '/metrics');
  assert.equal(status, 200);
  assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
  assert.ok(body.endsWith('\n'));
  const found = {};
  const lines = body.trimEnd().split('\n');
  for (let i = 0; i < lines.length; i += 3) {
    const [, name] = /^# HELP (godwit_[a-z_]+) \S.*$/.exec(lines[i]);
    const [, kind] = new RegExp(`^# TYPE ${name} (counter|gauge)$`).exec(lines[i + 1]);
    const [, value] = new RegExp(`^${name} (\\d+)$`).exec(lines[i + 2]);
    assert.equal(name.endsWith('_total'), kind === 'counter', name);
    found[name] = Number(value);
  }
  return found;
}

test('numbers follow what happens', async () => {
  const zero = await metrics();
  assert.equal(zero.godwit_sessions, 0);
  const talkers = await Promise.all(['ann', 'ann', 'ben'].map((user) => Talker.open(server, `/ws?user=${user}`)));
  for (const talker of talkers) await talker.sub('lobby');
  const stream = await Feed.open(server, '/channels/other', { accept: 'text/event-stream' });
  for (let i = 0; i < 10; i++) await ask(server, 'POST', '/channels/lobby', { body: 'x' });
  const now = await metrics();
  assert.equal(now.godwit_sessions, 4);
  assert.equal(now.godwit_sessions_parked, 0);
  assert.equal(now.godwit_users, 2);
  assert.equal(now.godwit_publications_total, zero.godwit_publications_total + 10);
  assert.ok(now.godwit_connections >= 5, String(now.godwit_connections));
  assert.ok(now.godwit_subscribers >= 4, String(now.godwit_subscribers));
  assert.ok(now.godwit_channels >= 2, String(now.godwit_channels));

  talkers[0].socket.terminate();
  await eventually(async () => (await metrics()).godwit_sessions_parked === 1, 'a parked session');
  const back = await Talker.open(server, `/ws?user=ann&session=${talkers[0].session}`);
  assert.equal(back.session, talkers[0].session);
  assert.equal((await metrics()).godwit_sessions_resumed_total, zero.godwit_sessions_resumed_total + 1);
  back.socket.terminate();
  await eventually(async () => (await metrics()).godwit_sessions_expired_total === zero.godwit_sessions_expired_total + 1, 'an expired session');
  await Promise.all([talkers[1], talkers[2], stream].map((t) => t.close()));
  await eventually(async () => (await metrics()).godwit_sessions === 0, 'no session');
});

test('only read', async () => {
  assert.equal((await ask(server, 'POST', '/metrics', { body: 'x' })).status, 405);
  assert.equal((await ask(server, 'GET', '/metrics', { headers: { Origin: 'https://evil.example' } })).status, 403);
});
