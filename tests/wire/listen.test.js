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
