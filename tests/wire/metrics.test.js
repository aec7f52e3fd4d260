// SPDX-License-Identifier: MIT
// GET /metrics: the text format of Prometheus, and numbers that are true on all workers together.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { certificate } from '../support/certificate.js';
import { Feed } from '../support/feed.js';
import { Talker } from '../support/godwit.js';
import { start } from '../support/program.js';
import { startServer } from '../support/server.js';
import { ask, eventually } from '../support/talk.js';

let server;
before(async () => { server = await startServer('serve', ['--workers', '3']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

/** {name: number}, of a worker's the number under `name worker`; every line is one of the format's, each metric with its help and type before it. */
async function metrics(at = server) {
  const { status, type, body } = await ask(at, 'GET', '/metrics');
  assert.equal(status, 200);
  assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
  assert.ok(body.endsWith('\n'));
  const found = {};
  for (const family of body.split(/^(?=# HELP)/m)) {
    const [help, kind, ...values] = family.trimEnd().split('\n');
    const [, name] = /^# HELP ((?:godwit|process)_[a-z_]+) \S.*$/.exec(help);
    assert.match(kind, new RegExp(`^# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}$`));
    const ofWorkers = name.startsWith('godwit_worker_');
    for (const value of values) {
      const [, worker, number] = /^[a-z_]+(?:\{worker="(\d+)"\})? (\d+(?:\.\d{9})?)$/.exec(value);
      assert.ok(value.startsWith(name) && Boolean(worker) === ofWorkers && number.includes('.') === name.includes('_seconds'), value);
      found[ofWorkers ? `${name} ${worker}` : name] = Number(number);
    }
    assert.equal(values.length, ofWorkers ? Object.keys(found).filter((key) => key.startsWith(`${name} `)).length : 1);
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
  await Promise.all([back, talkers[1], talkers[2], stream].map((t) => t.close()));
  await eventually(async () => (await metrics()).godwit_sessions === 0, 'no session');
});

test('a session that nobody comes back to is counted as expired', async (t) => {
  const brief = await startServer('serve', ['--resume', '1']);
  t.after(() => brief.kill());
  const talker = await Talker.open(brief);
  talker.socket.terminate();
  await eventually(async () => (await metrics(brief)).godwit_sessions_expired_total === 1, 'an expired session');
  assert.equal((await metrics(brief)).godwit_sessions, 0);
});

/** A server with a door for each worker, and what it says of the second since this was last asked. */
async function withDoors(...args) {
  const program = start(['serve', '--workers', '2', '--listen', '127.0.0.1:0@1,127.0.0.1:0@2', ...args]);
  for (const worker of [1, 2]) await program.until(`worker=${worker}\n`, 'stderr');
  const [asked, second] = [...program.stderr.matchAll(/ listening url=(\S+)/g)].map(([, url]) => ({ url, port: Number(new URL(url).port) }));
  const of = async (name) => (await metrics(asked))[`godwit_worker_${name} 2`];
  return { of, second, stop: () => { program.child.kill('SIGTERM'); return program.ended; } };
}

/** Says it over this socket, and waits for the end. */
async function exchange(socket, text) {
  socket.end(text);
  socket.resume();
  await once(socket, 'close');
}

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;

test('a worker counts every byte of its sockets, its requests and its connections', async () => {
  const { of, second, stop } = await withDoors();
  const socket = connect(second.port, '127.0.0.1');
  await exchange(socket, get('/metrics') + get('/not/reached'));
  assert.equal(await of('requests_total'), 1);
  assert.equal(await of('received_bytes_total'), socket.bytesWritten);
  assert.equal(await of('sent_bytes_total'), socket.bytesRead);
  assert.ok(socket.bytesRead > 1000);

  const talkers = await Promise.all([1, 2, 3].map(() => Talker.open({ ws: `ws://127.0.0.1:${second.port}` })));
  assert.equal(await of('connections'), 3);
  assert.equal(await of('requests_total'), 4);
  for (const talker of talkers) await talker.sub('lobby');
  const before = await of('sent_bytes_total');
  talkers[0].say('pub lobby', 'x'.repeat(20_000));
  for (const talker of talkers) await talker.until('msg');
  assert.ok(await of('sent_bytes_total') - before > 3 * 50, 'compressed for each of them');
  await Promise.all(talkers.map((talker) => talker.close()));
  await eventually(async () => await of('connections') === 0, 'no connection');
  assert.ok(await of('cpu_seconds_total') > 0);
  await stop();
});

test('under TLS it is the ciphertext that counts', async () => {
  const { cert, key, pem } = certificate();
  const tls = await startServer('serve', ['--workers', '1', '--tls-cert', cert, '--tls-key', key]);
  const look = async (path) => {
    const raw = connect(tls.port, '127.0.0.1');
    const socket = connectTls({ socket: raw, ca: pem(), servername: 'localhost' });
    let text = '';
    socket.setEncoding('utf8').on('data', (data) => { text += data; });
    await once(socket, 'secureConnect');
    await exchange(socket, get(path));
    return { raw, text };
  };
  const { raw, text } = await look('/healthz');
  assert.ok(raw.bytesRead > 2 * text.length, 'a handshake too');
  const [, received] = /^godwit_worker_received_bytes_total\{worker="1"\} (\d+)$/m.exec((await look('/metrics')).text);
  assert.ok(Number(received) > raw.bytesWritten && Number(received) < 3 * raw.bytesWritten, `${received} of ${raw.bytesWritten}`);
  const [, sent] = /^godwit_worker_sent_bytes_total\{worker="1"\} (\d+)$/m.exec((await look('/metrics')).text);
  assert.ok(Number(sent) > 2 * raw.bytesRead, `${sent} of ${raw.bytesRead}`);
  await tls.stop();
});

test('what the process takes', async () => {
  const now = await metrics();
  assert.ok(Math.abs(Date.now() / 1000 - now.process_start_time_seconds) < 300);
  assert.ok(now.process_cpu_seconds_total >= now['godwit_worker_cpu_seconds_total 1'] + now['godwit_worker_cpu_seconds_total 2']);
  assert.ok(now.process_resident_memory_bytes > 1e6);
  const before = now.process_open_fds;
  const talkers = await Promise.all(Array.from({ length: 20 }, () => Talker.open(server)));
  assert.ok((await metrics()).process_open_fds >= before + 20);
  await Promise.all(talkers.map((talker) => talker.close()));
  if (now.godwit_allocated_bytes === undefined) return; // a sanitizer's allocator
  for (let i = 0; i < 50; i++) await ask(server, 'POST', '/channels/heavy', { body: 'x'.repeat(60_000) });
  const held = (await metrics()).godwit_allocated_bytes - now.godwit_allocated_bytes;
  assert.ok(held > 50 * 60_000 && held < 2 * 50 * 60_000, String(held));
});

test('only read', async () => {
  assert.equal((await ask(server, 'POST', '/metrics', { body: 'x' })).status, 405);
  assert.equal((await ask(server, 'GET', '/metrics', { headers: { Origin: 'https://evil.example' } })).status, 403);
});
