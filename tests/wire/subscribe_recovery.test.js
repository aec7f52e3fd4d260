// SPDX-License-Identifier: MIT
// `godwit subscribe` with the server, over every transport: connections are cut while publications come, and the server
// dies. What arrives is every publication, once and in order, or the gap is told.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { run, start } from '../support/program.js';
import { startServer } from '../support/server.js';

const TRANSPORTS = ['websocket', 'raw', 'sse', 'ndjson', 'longpoll', 'poll'];
const options = ['--workers', '2', '--channel', '*=history:100000'];

let server;
before(async () => { server = await startServer('serve', options); });
after(() => server?.kill());

const publish = async (url, channel, ...payload) => {
  const { code, stdout, stderr } = await run(['publish', url, channel, ...payload]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
};

/** A way to the server that breaks: the n-th connection after so many bytes from the server; those beyond the list hold. */
async function breaking(t, to, limits) {
  let n = 0;
  const open = new Set();
  const way = net.createServer((client) => {
    const up = net.connect(to.port, to.host);
    let left = limits[n++] ?? Infinity;
    const end = () => { client.destroy(); up.destroy(); };
    for (const socket of [client, up]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', end);
    }
    client.on('data', (data) => up.write(data));
    up.on('data', (data) => {
      client.write(data.subarray(0, left));
      left -= data.length;
      if (left < 0) client.end(() => client.resetAndDestroy());
      if (left < 0) up.destroy();
    });
  });
  await new Promise((resolve) => way.listen(0, '127.0.0.1', resolve));
  t.after(() => { open.forEach((socket) => socket.destroy()); way.close(); });
  return { url: `http://127.0.0.1:${way.address().port}`, connections: () => n };
}

for (const transport of TRANSPORTS) {
  test(`${transport}: every publication once and in order over connections that are cut`, async (t) => {
    const lines = Array.from({ length: 3000 }, (_, i) => `message ${i}`);
    const channel = `cut:${transport}`;
    const cursor = await publish(server.url, channel, 'before');
    const way = await breaking(t, server, [700, 9001, 11_111]);
    const child = start(['subscribe', way.url, channel, '--transport', transport, '--after', cursor, '--interval', '5',
      '--backoff', '20', '--count', String(lines.length)]);
    const published = await run(['publish', server.url, channel, '--lines'], { input: lines.join('\n') });
    assert.equal(published.code, 0, published.stderr);
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trim().split('\n'), lines);
    assert.ok(!stderr.includes('gap'), stderr);
    assert.ok(way.connections() > 3, `${way.connections()} connections`);
  });
}

for (const transport of TRANSPORTS) {
  test(`${transport}: a server that was killed and has forgotten is a gap that is told`, async (t) => {
    let mortal = await startServer('serve', options);
    t.after(() => mortal.kill());
    const { url, port } = mortal;
    const cursor = await publish(url, 'a', 'before');
    const child = start(['subscribe', url, 'a', '--transport', transport, '--interval', '20', '--backoff', '20', '--after', cursor, '--count', '2',
      '--verbose']);
    await publish(url, 'a', 'one');
    await child.until('one\n');
    await mortal.kill();
    await child.until('again in', 'stderr');
    mortal = await startServer('serve', ['--listen', `127.0.0.1:${port}`, ...options]);
    await child.until('a: gap: publications missed', 'stderr');
    await publish(url, 'a', 'two');
    const { code, stdout, stderr } = await child.ended;
    assert.deepEqual([code, stdout], [0, 'one\ntwo\n'], stderr);
  });
}

test('websocket: who joins and leaves is told', async () => {
  const ann = start(['subscribe', server.url, 'room', '--user', 'ann', '--presence', '--format', 'json', '--verbose']);
  await ann.until('subscribed', 'stderr');
  const bob = await run(['publish', server.url, 'room', 'x', '--user', 'bob']);
  assert.equal(bob.code, 0);
  await ann.until('"from":"bob"');
  const carl = start(['subscribe', server.url, 'room', '--user', 'carl']);
  await ann.until('{"channel":"room","join":"carl"}\n');
  carl.child.kill('SIGTERM');
  assert.equal((await carl.ended).code, 0);
  ann.child.kill('SIGINT');
  assert.equal((await ann.ended).code, 0);
});

test('several channels, over one connection and over one each', async () => {
  for (const transport of TRANSPORTS) {
    const names = ['x', 'y', 'z'].map((name) => `${transport} ${name}`);
    const child = start(['subscribe', server.url, ...names, '--transport', transport, '--interval', '5', '--count', '3',
      '--format', 'full', '--verbose']);
    for (const _ of names) await child.until(transport === 'websocket' ? 'subscribed' : 'connected', 'stderr');
    for (const name of names) await publish(server.url, name, `to ${name}`);
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    const told = stdout.trim().split('\n').map((line) => line.split('\t'));
    assert.deepEqual(told.map(([channel, , , , payload]) => [channel, payload]).sort(), names.map((name) => [name, `to ${name}`]));
  }
});
