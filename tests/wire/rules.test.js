// SPDX-License-Identifier: MIT
// `--channel`: what holds in which channels.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../support/program.js';
import { startServer } from '../support/server.js';
import { ask, channelPath, eventually } from '../support/talk.js';

const texts = async (server, channel) => (await ask(server, 'GET', channelPath(channel))).body.publications.map((p) => p.text);
const publish = (server, channel, body) => ask(server, 'POST', channelPath(channel), { body });

test('a rule that is not understood is bad usage, and says what is wrong', async () => {
  for (const rule of ['', 'ticker', 'ticker:*=', 'ticker:*=history', 'ticker:*=history:x', 'a:*=slow:never', 'a:*=colour:red', '/a=history:1', '=history:1']) {
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--channel', rule]);
    assert.equal(code, 2, rule);
    assert.ok(stderr.startsWith(`godwit serve: --channel ${rule}: `), stderr);
    assert.ok(stderr.length > `godwit serve: --channel ${rule}: `.length + 5, stderr);
  }
});

test('a history is as long as its namespace says', async () => {
  const server = await startServer('serve', ['--workers', '2', '--channel', 'short:*=history:3', '--channel', 'none:*=history:0', '--channel', 'short:special=history:5']);
  for (const channel of ['short:a', 'none:a', 'short:special', 'other']) for (let i = 1; i <= 8; i++) await publish(server, channel, String(i));
  assert.deepEqual(await texts(server, 'short:a'), ['6', '7', '8']);
  assert.deepEqual(await texts(server, 'none:a'), []);
  assert.deepEqual(await texts(server, 'short:special'), ['4', '5', '6', '7', '8']);
  assert.equal((await texts(server, 'other')).length, 8);
  await server.stop();
});

test('a publication is as old as its namespace allows', async () => {
  const server = await startServer('serve', ['--channel', 'brief:*=age:1s']);
  await publish(server, 'brief:a', 'x');
  await publish(server, 'other', 'x');
  await eventually(async () => (await texts(server, 'brief:a')).length === 0, 'the end of the history');
  assert.deepEqual(await texts(server, 'other'), ['x']);
  await server.stop();
});
