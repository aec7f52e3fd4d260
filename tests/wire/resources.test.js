// SPDX-License-Identifier: MIT
// What connections take comes back: descriptors, memory, processor time; and what signals do (security.md 11, 14).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Ws from 'ws';
import { certificate } from '../support/certificate.js';
import { LATE_MS } from '../support/queue.js';
import { Peer, close, frame, stillServes, upgrade } from '../support/wire.js';
import { GODWIT, startServer } from '../support/server.js';

const isSanitized = /\/(asan|tsan)\//.test(GODWIT); // their memory is no measure
const descriptors = (server) => readdirSync(`/proc/${server.pid}/fd`).length;
const rss = (server) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024;
/** Milliseconds of processor time. */
const cpu = (server) => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

/** Looks again and again until it is so. */
async function until(isSo, what, ms = LATE_MS) {
  for (const deadline = Date.now() + ms; !isSo(); await sleep(10)) if (Date.now() > deadline) assert.fail(`${what} within ${ms} ms`);
}

/** Many connections, some at once; each does its deed. */
async function many(n, width, deed) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < n) await deed(next++);
  }));
}

function socketTo(server) {
  const socket = net.connect(server.port, server.host);
  socket.on('error', () => {});
  return socket;
}

test('connects and resets by the thousand leave nothing behind', async () => {
  const server = await startServer('echo', ['--workers', '2']);
  const churn = (n) => many(n, 32, async (i) => {
    const socket = socketTo(server);
    await once(socket, 'connect');
    if (i % 4 === 1) socket.write('GET / HT');
    if (i % 4 === 2) socket.write(upgrade());
    if (i % 4 === 3) {
      socket.write(upgrade());
      await once(socket, 'data');
      socket.write(Buffer.concat([frame(1, 'x'.repeat(100)), frame(2, '', { length: 1000 })]));
    }
    const closed = once(socket, 'close');
    if (i % 8 < 4) socket.resetAndDestroy(); else socket.destroy();
    await closed;
  });
  await churn(500);
  await stillServes(server, assert);
  const before = { fds: 0, rss: rss(server) };
  await until(() => descriptors(server) < 40, 'the first ones are gone');
  before.fds = descriptors(server);
  await churn(4000);
  await until(() => descriptors(server) <= before.fds, 'descriptors come back');
  if (!isSanitized) assert.ok(rss(server) < before.rss + (4 << 20), `${rss(server)} bytes after ${before.rss}`);
  await stillServes(server, assert);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('without descriptors accepting pauses, does not spin, and goes on', async () => {
  const server = await startServer('echo');
  execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${descriptors(server) + 20}:64`]);
  const sockets = Array.from({ length: 60 }, () => socketTo(server));
  await until(() => server.log().includes('accept paused'), 'a log line tells');
  const begun = cpu(server);
  await sleep(500); // nothing to wait for: this is the time in which it must not spin
  const spent = cpu(server) - begun;
  assert.ok(spent <= (isSanitized ? 250 : 100), `${spent} ms of processor time in 500 ms`);
  sockets.forEach((socket) => socket.destroy());
  await stillServes(server, assert);
  assert.ok(server.log().split('accept paused').length < 20, 'the log is not flooded');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('after messages of 64 MiB their memory is given back', async () => {
  const server = await startServer('echo');
  const message = Buffer.alloc(64 << 20, 'abc');
  await stillServes(server, assert);
  const before = rss(server);
  for (const perMessageDeflate of [false, true]) {
    const socket = new Ws(server.ws, { perMessageDeflate, maxPayload: 65 << 20 });
    await once(socket, 'open');
    socket.send(message);
    const [data] = await once(socket, 'message');
    assert.equal(data.length, message.length);
    if (!isSanitized) await until(() => rss(server) < before + (8 << 20), `an idle connection gives back: ${rss(server)} after ${before}`);
    socket.terminate();
  }
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('SIGTERM: 1001 to everybody, then exit code 0', async () => {
  const server = await startServer('echo', ['--workers', '4']);
  const peers = await Promise.all(Array.from({ length: 40 }, () => Peer.open(server)));
  const idle = await Peer.connect(server);
  const stopped = server.stop();
  await Promise.all(peers.map(async (peer) => {
    const f = await peer.readFrame();
    assert.equal(f.opcode, 8);
    assert.equal(f.payload.readUInt16BE(0), 1001);
    peer.send(close(1001));
    assert.equal((await peer.readEnd()).length, 0);
    peer.destroy();
  }));
  await idle.readEnd();
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test('a second SIGTERM does not wait for those who do not answer', async () => {
  const server = await startServer('echo');
  const peer = await Peer.open(server);
  process.kill(server.pid, 'SIGTERM');
  assert.equal((await peer.readFrame()).opcode, 8);
  const begun = Date.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - begun < 4000); // alone it would wait 10 s
  peer.destroy();
});

test('SIGUSR2 and SIGPIPE change nothing', async () => {
  const server = await startServer('echo');
  const peer = await Peer.open(server);
  process.kill(server.pid, 'SIGUSR2');
  process.kill(server.pid, 'SIGPIPE');
  peer.send(frame(1, 'still here'));
  assert.equal((await peer.readFrame()).payload.toString(), 'still here');
  peer.destroy();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

/** The serial number of the certificate that is served now. */
async function serialOf(server) {
  const socket = tls.connect({ port: server.port, host: server.host, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test('SIGHUP takes the new certificate and keeps the connections', async () => {
  const mine = certificate();
  const server = await startServer('echo', ['--tls-cert', mine.cert, '--tls-key', mine.key, '--workers', '2']);
  const socket = new Ws(server.ws, { ca: mine.pem() });
  await once(socket, 'open');
  const first = mine.serial();
  assert.equal(await serialOf(server), first);
  mine.renew();
  assert.notEqual(mine.serial(), first);
  process.kill(server.pid, 'SIGHUP');
  await until(() => server.log().includes('reloaded'), 'a log line tells');
  assert.equal(await serialOf(server), mine.serial());
  socket.send('still here');
  assert.equal(String((await once(socket, 'message'))[0]), 'still here');
  const second = mine.serial();
  writeFileSync(mine.cert, 'nonsense');
  process.kill(server.pid, 'SIGHUP');
  await until(() => server.log().includes('certificate not reloaded'), 'the mistake is logged');
  assert.equal(await serialOf(server), second, 'the old one stays');
  socket.send('and now');
  assert.equal(String((await once(socket, 'message'))[0]), 'and now');
  socket.close();
  await once(socket, 'close');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('a port that a server listens on is not shared with another server', async () => {
  const server = await startServer('serve', ['--workers', '2']);
  const same = ['--listen', `127.0.0.1:${server.port}`];
  for (const workers of ['1', '2'])
    await assert.rejects(startServer('serve', [...same, '--workers', workers]), /ended \(1\)[^]*Address already in use[^]*--listen localhost:PORT/);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  await server.stop();
  const next = await startServer('serve', [...same, '--workers', '2']);
  await next.stop();
});
