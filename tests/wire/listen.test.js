// SPDX-License-Identifier: MIT
// `--listen`: several addresses, and addresses of one worker.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, start } from '../support/program.js';
import { Talker } from '../support/godwit.js';
import { ask } from '../support/talk.js';

/** A server that listens there: what it says of each address, in order, as {url, ws, worker?, workers?}. */
async function startAt(addresses, ...args) {
  const program = start(['serve', '--listen', addresses.join(), ...args]);
  for (const _ of addresses) await program.until(/ listening url=\S+ .*\n/, 'stderr');
  const entrances = [...program.stderr.matchAll(/ listening url=(\S+) (workers?)=(\d+)\n/g)]
    .map(([, url, key, value]) => ({ url, ws: url.replace(/^http/, 'ws'), [key]: Number(value) }));
  return { entrances, stop: () => { program.child.kill('SIGTERM'); return program.ended; } };
}

test('each worker has a door of its own, told in the order of the addresses, and all hear one channel', async () => {
  const { entrances, stop } = await startAt(['127.0.0.1:0@3', 'localhost:0@1', '[::1]:0@2', '127.0.0.1:0'], '--workers', '3');
  assert.deepEqual(entrances.map(({ worker, workers }) => worker ?? `all ${workers}`), [3, 1, 2, 'all 3']);
  assert.equal(new Set(entrances.map(({ url }) => url)).size, 4);
  const talkers = await Promise.all(entrances.map((entrance) => Talker.open(entrance)));
  for (const talker of talkers) await talker.sub('lobby');
  assert.equal((await ask(entrances[0], 'POST', '/channels/lobby', { body: 'hello' })).status, 201);
  for (const talker of talkers) assert.equal((await talker.until('msg')).body, 'hello');
  await Promise.all(talkers.map((talker) => talker.close()));
  assert.equal((await stop()).code, 0);
});

test('a unix socket may be any one worker\'s, and its path may hold an @', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'godwit-@-'));
  const paths = [join(folder, 'me@home.sock'), join(folder, 'two')];
  const { entrances, stop } = await startAt([`unix:${paths[0]}`, `unix:${paths[1]}@2`, '127.0.0.1:0'], '--workers', '2');
  assert.deepEqual(entrances.map(({ url, worker }) => [url, worker]).slice(0, 2), [[`unix:${paths[0]}`, 1], [`unix:${paths[1]}`, 2]]);
  for (const socketPath of paths) {
    const status = await new Promise((resolve, reject) =>
      request({ socketPath, path: '/healthz' }, (answer) => { answer.resume(); resolve(answer.statusCode); }).on('error', reject).end());
    assert.equal(status, 200);
  }
  await stop();
  await rm(folder, { recursive: true });
});

test('a worker that is not there is bad usage', async () => {
  for (const command of ['serve', 'echo'])
    for (const [address, problem] of [['127.0.0.1:0@3', /there is no worker 3, but 2 of them/], ['127.0.0.1:0@0', /from 1/], ['127.0.0.1:0@', /from 1/],
      ['127.0.0.1:0@one', /from 1/], ['127.0.0.1:0@-1', /from 1/], ['127.0.0.1:0@99999999999', /from 1/], ['127.0.0.1:0@1,127.0.0.1:0@9', /no worker 9/]]) {
      const { code, stderr } = await run([command, '--workers', '2', '--listen', address]);
      assert.equal(code, 2, `${command} ${address}`);
      assert.match(stderr, problem);
    }
});

test('an address is written in one way, and what is wrong is told with what is right before anything listens', async () => {
  for (const command of ['serve', 'echo'])
    for (const [address, problem] of [['127.0.0.1:00', /a port is a number from 0 to 65535, in digits alone and without zeros before it/], ['localhost:080', /port/], ['localhost:+80', /port/],
      ['localhost: 80', /port/], ['localhost:0x50', /port/], ['localhost:70000', /port/], ['localhost:', /port/], ['localhost', /the port is missing, as in localhost:8000/],
      ['', /an address is HOST:PORT/], ['127.0.0.1:0,', /an address is HOST:PORT/], ['127.0.0.1:0,127.0.0.1:00', /port/], ['127.1:0', /as in 127\.0\.0\.1/],
      ['::1:80', /in brackets, as in \[::1\]:8000/], ['http://localhost:80', /no scheme/], ['127.0.0.1:0@01', /from 1/],
      [Array(17).fill('127.0.0.1:0').join(), /at most 16 addresses/]]) {
      const { code, stderr } = await run([command, '--workers', '2', '--listen', address]);
      assert.equal(code, 2, `${command} ${address}: ${stderr}`);
      assert.match(stderr, problem);
      assert.doesNotMatch(stderr, /listening/, address);
    }
});

test('numbers are decimal, in every command', async () => {
  for (const [words, problem] of [['serve --workers 02', /--workers 02: not a number from 1 to 64, in digits without zeros before them/], ['serve --resume +5', /--resume/], ['serve --max-message 0x400', /--max-message/],
    ['serve --channel a=history:01', /history: a number/], ['serve --channel a=age:010m', /age: a number/], ['serve --channel a=home:+1', /home: a worker/],
    ['echo --max-fragments 1e3', /--max-fragments/], ['bench --rate 1e3 ws://localhost:1', /--rate 1e3: not a number above 0 and up to 1000000000, such as 5 or 0\.5/], ['bench --connections 007 ws://localhost:1', /--connections/],
    ['publish --timeout 0x5 http://localhost:1 a b', /--timeout/], ['subscribe --count +1 http://localhost:1 a', /--count/], ['connect --timeout .5 ws://localhost:1', /--timeout/], ['lab --idle 030', /--idle/]]) {
    const { code, stderr } = await run(words.split(' '));
    assert.equal(code, 2, `${words}: ${stderr}`);
    assert.match(stderr, problem);
  }
});

test('the lab finds the way to the server behind however many addresses', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'godwit-many-'));
  const paths = Array.from({ length: 12 }, (_, i) => `unix:${join(folder, String.fromCharCode(97 + i).repeat(60))}`);
  const { entrances, stop } = await startAt([...paths, '127.0.0.1:0']);
  assert.equal((await ask(entrances.at(-1), 'POST', '/lab/start')).status, 202);
  await stop();
  await rm(folder, { recursive: true });
});
