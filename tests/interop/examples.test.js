// SPDX-License-Identifier: MIT
// The examples do what their first lines say.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Ws from 'ws';
import { LATE_MS } from '../support/queue.js';
import { GODWIT, startServer } from '../support/server.js';

const example = (name) => join(dirname(GODWIT), 'examples', name);
const source = (name) => readFileSync(fileURLToPath(new URL(`../../examples/${name}.c`, import.meta.url)), 'utf8');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function start(name, args = []) {
  const child = spawn(example(name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { child.out += text; child.emit('heard'); });
  child.stderr.setEncoding('utf8').on('data', (text) => { child.out += text; child.emit('heard'); });
  child.ended = once(child, 'close').then(([code]) => { running.delete(child); return code; });
  return child;
}

/** Waits until it has printed this, so many times. */
async function prints(child, text, ms = LATE_MS, times = 1) {
  const signal = AbortSignal.timeout(ms);
  while (child.out.split(text).length <= times) await once(child, 'heard', { signal }).catch(() => assert.fail(`no ${text} in: ${child.out}`));
}

async function end(child) {
  child.kill('SIGKILL');
  await child.ended;
}

/** A connection to a server that may not listen yet. */
async function connect(url, ms = LATE_MS) {
  for (const deadline = Date.now() + ms; ;) {
    const socket = new Ws(url);
    socket.heard = [];
    socket.on('message', (data) => { socket.heard.push(String(data)); socket.emit('heard'); });
    try {
      await once(socket, 'open');
      return socket;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function hears(socket, text) {
  const signal = AbortSignal.timeout(LATE_MS);
  while (!socket.heard.includes(text)) await once(socket, 'heard', { signal });
}

test('the echo server has at most 15 lines and echoes', async () => {
  assert.ok(source('echo').trim().split('\n').filter((line) => line.trim()).length <= 15);
  const server = start('echo');
  const socket = await connect('ws://localhost:9001/');
  socket.send('hello');
  await hears(socket, 'hello');
  socket.close();
  await end(server);
});

test('in the chat everybody hears what the others say', async () => {
  const server = start('chat');
  const a = await connect('ws://localhost:9002/');
  const b = await connect('ws://localhost:9002/');
  a.send('hi from a');
  await Promise.all([hears(a, 'hi from a'), hears(b, 'hi from a')]);
  b.close();
  await hears(a, '* somebody has left');
  a.send('x'.repeat(1025)); // over the limit: the room goes on without it
  assert.equal((await once(a, 'close'))[0], 1009);
  const c = await connect('ws://localhost:9002/');
  c.send('still here');
  await hears(c, 'still here');
  c.close();
  await end(server);
});

test('the client says one thing, prints what it hears, and comes back', async () => {
  let server = await startServer('echo');
  const listen = `127.0.0.1:${server.port}`;
  const client = start('client', [`${server.ws}/`, 'hello there']);
  await prints(client, 'hello there\n');
  await server.stop();
  await prints(client, 'closed: 1001');
  server = await startServer('echo', ['--listen', listen]);
  await prints(client, 'hello there\n', LATE_MS, 2);
  await end(client);
  await server.stop();
});

test('the client ends where the server has said goodbye', async () => {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => socket.close(1000, 'goodbye'));
  await once(server, 'listening');
  const client = start('client', [`ws://127.0.0.1:${server.address().port}/`]);
  assert.equal(await client.ended, 0);
  assert.match(client.out, /closed: 1000 goodbye/);
  server.close();
});

test('without a URL the client says how it is used', async () => {
  assert.equal(await start('client').ended, 2);
});

test('the echo client echoes until the server closes, URL after URL', async () => {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const visits = [];
  server.on('connection', (socket, request) => {
    socket.send(`for ${request.url}`);
    socket.on('message', (data) => { visits.push(String(data)); socket.close(1000); });
  });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${server.address().port}`;
  const client = start('echo-client', [`${url}/1`, `${url}/2`, `${url}/3`]);
  assert.equal(await client.ended, 0, client.out);
  assert.deepEqual(visits, ['for /1', 'for /2', 'for /3']);
  server.close();
  assert.equal(await start('echo-client', ['ws://127.0.0.1:1/']).ended, 1);
});
