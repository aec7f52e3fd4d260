// SPDX-License-Identifier: MIT
// `godwit bench`: every mode does what it says and counts what it did.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { measure } from '../support/bench.js';
import { run, start } from '../support/program.js';
import { startServer } from '../support/server.js';

const SHORT = ['--duration', '0.3', '--warmup', '0.05'];
const PATIENT = ['--warmup', '50']; // an error ends it before anything is measured
let folder, echo, secure, channels;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-bench-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'.split(' '),
    '-keyout', key, '-out', cert,
  ], { stdio: 'ignore' });
  [echo, secure, channels] = await Promise.all([
    startServer('echo'),
    startServer('echo', ['--tls-cert', cert, '--tls-key', key]),
    startServer('serve', ['--workers', '1']),
  ]);
});

after(async () => {
  await Promise.all([echo, secure, channels].filter(Boolean).map((server) => server.kill()));
  rmSync(folder, { recursive: true, force: true });
});

/** One run with --json; its report, after the checks that hold for every one. */
async function bench(server, path, ...options) {
  const { code, stdout, stderr, seconds } = await measure([server.ws + path, '--json', '--server-pid', String(server.pid), ...options]);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(report.errors, 0);
  assert.ok(report.messages > 0, stdout);
  assert.ok(report.seconds > 0.19 && report.seconds < seconds, stdout);
  assert.ok(Math.abs(report.messages_per_s * report.seconds - report.messages) < 1, stdout);
  assert.ok(report.server.user_s >= 0 && report.server.system_s >= 0 && report.server.rss_after > 0, stdout);
  return report;
}

function inOrder({ p50, p90, p99, p999, max, mean }) {
  assert.ok(p50 > 0 && p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max && mean > 0 && mean <= max);
}

test('echo keeps a depth of messages outstanding on each connection', async () => {
  const report = await bench(echo, '/', '--connections', '10', '--depth', '4', '--size', '100');
  assert.equal(report.mode, 'echo');
  assert.deepEqual([report.connections, report.depth, report.size], [10, 4, 100]);
  assert.equal(report.bytes, report.messages * 100);
  assert.ok(report.server.cpu_us_per_message > 0);
  inOrder(report.latency_us);
});

test('echo of every payload and size, compressed, and over TLS', async () => {
  await bench(echo, '/', '--connections', '2', '--size', '1');
  await bench(echo, '/', '--connections', '2', '--size', '16K', '--payload', 'mixed');
  await bench(echo, '/', '--connections', '2', '--size', '1M', '--payload', 'binary');
  await bench(echo, '/', '--connections', '2', '--size', '16K', '--payload', 'mixed', '--deflate');
  await bench(secure, '/', '--connections', '2', '--size', '20000', '--payload', 'binary', '--insecure');
});

test('open sends at the rate that it is told', async () => {
  const report = await bench(echo, '/', '--mode', 'open', '--rate', '2000', '--connections', '7');
  assert.ok(Math.abs(report.messages / (2000 * report.seconds) - 1) < 0.05, JSON.stringify(report));
  inOrder(report.latency_us);
});

test('fanout counts each delivery', async () => {
  for (const inFlight of ['1', '8']) {
    const report = await bench(channels, `/channels/f${inFlight}`, '--mode', 'fanout', '--connections', '20',
      '--in-flight', inFlight);
    inOrder(report.latency_us);
    inOrder(report.last_latency_us);
  }
});

test('fanout publishes by POST too', async () => {
  await bench(channels, '/channels/post', '--mode', 'fanout', '--connections', '20', '--in-flight', '3',
    '--publish-url', `${channels.url}/channels/post`);
});

test('idle holds its connections', async () => {
  const report = await bench(echo, '/', '--mode', 'idle', '--connections', '50', '--hold', '0.3');
  assert.equal(report.messages, 50);
});

test('connect makes connection after connection', async () => {
  inOrder((await bench(echo, '/', '--mode', 'connect', '--connections', '3')).latency_us);
  inOrder((await bench(secure, '/', '--mode', 'connect', '--connections', '3', '--insecure')).latency_us);
});

test('--tcp counts bytes without a protocol', async () => {
  const [sent, answered] = [20 + 6, 20 + 2]; // a masked frame, and the frame that answers it
  const floor = net.createServer((socket) => {
    let partial = 0;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      partial += data.length;
      socket.write(Buffer.alloc(Math.floor(partial / sent) * answered));
      partial %= sent;
    });
  });
  await new Promise((resolve) => floor.listen(0, '127.0.0.1', resolve));
  const { code, stdout, stderr } = await measure([`ws://127.0.0.1:${floor.address().port}/`, '--tcp', '--size', '20', '--connections', '3',
    '--depth', '2', '--json']);
  floor.close();
  assert.equal(code, 0, stderr);
  assert.ok(JSON.parse(stdout).messages > 0);
  assert.equal(JSON.parse(stdout).server, null);
});

test('without --json it prints a table', async () => {
  const { code, stdout } = await measure([`${echo.ws}/`, '--server-pid', String(echo.pid)], (text) => !/messages +0,/.test(text));
  assert.equal(code, 0);
  assert.match(stdout, /^ws:.* echo, 50 connections, 64 bytes, \d+\.\d\d s\n {2}messages +[\d,]+, [\d,]+ a second\n/);
  assert.match(stdout, /p50 +p90 +p99 +p99\.9 +max +mean\n(.*\d+\.\d){6}\n/);
  assert.match(stdout, /server CPU .* us for each of the messages\n/);
});

/** A ws server that may misbehave. */
async function badServer(onMessage) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => onMessage(socket, data, isBinary));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const close = () => {
    server.clients.forEach((client) => client.terminate());
    server.close();
  };
  return { url: `ws://127.0.0.1:${server.address().port}/`, close };
}

test('an answer that is not what was sent is an error', async () => {
  const cases = [
    [(data) => data.fill(0x41), /not what was sent/],
    [(data) => data.subarray(1), /shorter than what was sent/],
    [(data) => Buffer.concat([data, data]), /longer than what was sent/],
  ];
  for (const [change, why] of cases) {
    const server = await badServer((socket, data) => socket.send(String(change(data))));
    const { code, stderr } = await run(['bench', server.url, ...PATIENT, '--connections', '2']);
    assert.deepEqual([code, why.test(stderr)], [1, true], stderr);
    server.close();
  }
});

test('an answer that nobody asked for is an error', async () => {
  const server = await badServer((socket, data) => {
    socket.send(String(data));
    socket.send(String(data));
  });
  const { code, stderr } = await run(['bench', server.url, ...PATIENT, '--connections', '1']);
  assert.deepEqual([code, /nothing was sent for/.test(stderr)], [1, true], stderr);
  server.close();
});

test('a server that closes, or is not there, is an error with its reason', async () => {
  const server = await badServer((socket) => socket.close(1011));
  const closed = await run(['bench', server.url, ...PATIENT, '--connections', '1']);
  assert.deepEqual([closed.code, /closed it with 1011/.test(closed.stderr)], [1, true], closed.stderr);
  server.close();
  const gone = await run(['bench', 'ws://127.0.0.1:1/', ...PATIENT]);
  assert.deepEqual([gone.code, /could not be made/.test(gone.stderr)], [1, true], gone.stderr);
  const refused = await run(['bench', `${channels.ws}/nowhere`, ...PATIENT]);
  assert.deepEqual([refused.code, /answered 404/.test(refused.stderr)], [1, true], refused.stderr);
  const untrusted = await run(['bench', `${secure.ws}/`, ...PATIENT]);
  assert.deepEqual([untrusted.code, /--insecure/.test(untrusted.stderr)], [1, true], untrusted.stderr);
});

test('messages that are never answered show in open mode', async () => {
  let n = 0;
  const server = await badServer((socket, data) => n++ % 2 || socket.send(String(data)));
  const { code, stdout, stderr } = await run(['bench', server.url, ...SHORT, '--mode', 'open', '--rate', '200',
    '--connections', '1', '--json']);
  server.close();
  assert.deepEqual([code, /had no answer/.test(stderr)], [1, true], stderr);
  assert.ok(JSON.parse(stdout).latency_us.max >= 1e6, 'they have waited a second at least');
});

test('an interrupt prints what there is', async () => {
  let program;
  let n = 0;
  const server = await badServer((socket, data) => {
    socket.send(String(data));
    if (++n === 5000) program.child.kill('SIGINT');
  });
  program = start(['bench', server.url, '--connections', '1', '--warmup', '0.01', '--duration', '50', '--json']);
  const { code, stdout, stderr } = await program.ended;
  server.close();
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.ok(report.messages > 0 && report.messages <= 5000 && report.seconds < 50, stdout);
});

test('bad usage is told as such', async () => {
  for (const args of [[], ['nonsense'], ['ws://a/', '--mode', 'x'], ['ws://a/', '--payload', 'x'], ['ws://a/', '--size', '0'],
    ['ws://a/', '--tcp', '--deflate'], ['ws://a/', '--tcp', '--mode', 'connect'], ['ws://a/', '--publish-url', 'http://a/'],
    ['ws://a/', '--server-pid', '2147483647'], ['ws://a/', '--duration', '0'],
    ['ws://a/', '--connections', '1000000', '--depth', '65536']]) {
    const { code, stderr } = await run(['bench', ...args]);
    assert.deepEqual([code, stderr.startsWith('godwit bench: ')], [2, true], `${args}: ${stderr}`);
  }
  const help = await run(['bench', '--help']);
  assert.deepEqual([help.code, help.stdout.startsWith('usage: godwit bench')], [0, true]);
});
