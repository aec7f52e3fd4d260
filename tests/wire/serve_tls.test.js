// SPDX-License-Identifier: MIT
// `godwit serve` with a certificate: the same channels over https and wss.

import assert from 'node:assert/strict';
import https from 'node:https';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { certificate } from '../support/certificate.js';
import { startServer } from '../support/server.js';

test('a POST over https reaches a listener over wss', async () => {
  const { cert, key, pem } = certificate();
  const server = await startServer('serve', ['--workers', '2', '--tls-cert', cert, '--tls-key', key]);
  const ca = pem(), url = `https://localhost:${server.port}/channels/secret`;
  const socket = new WebSocket(url.replace('https', 'wss'), { ca, origin: `https://localhost:${server.port}` });
  const heard = new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data)));
    socket.once('error', reject);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const status = await new Promise((resolve, reject) =>
    https.request(url, { method: 'POST', ca }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', reject).end('under cover'));
  assert.equal(status, 201);
  assert.equal(await heard, 'under cover');
  socket.terminate();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});
