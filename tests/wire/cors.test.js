// SPDX-License-Identifier: MIT
// Which pages may read what `godwit serve` answers, and which methods a path takes (Fetch standard, section 3.2; RFC 9110, 9.3.7).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Peer } from '../support/wire.js';
import { startServer } from '../support/server.js';

let server;
before(async () => { server = await startServer('serve'); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const field = (answer, name) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer.head)?.[1];

async function ask(method, path, fields = {}) {
  const peer = await Peer.connect(server);
  const lines = Object.entries({ Host: `localhost:${server.port}`, ...fields }).map(([name, value]) => `${name}: ${value}\r\n`);
  peer.send(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const answer = method === 'HEAD' ? { head: await peer.readHead() } : await peer.readAnswer();
  peer.destroy();
  return { status: Number(answer.head.slice(9, 12)), ...answer };
}

const here = () => `http://localhost:${server.port}`;

test('a page of the same host may read answers and refusals, another site may not', async () => {
  for (const [method, path, status] of [['GET', '/channels/a', 200], ['GET', '/channels/a?after=x', 400]]) {
    const own = await ask(method, path, { Origin: here() });
    assert.equal(own.status, status);
    assert.equal(field(own, 'access-control-allow-origin'), here());
    assert.equal(field(own, 'access-control-allow-credentials'), 'true');
    assert.match(own.head, /^vary: origin\r$/im);
    assert.match(field(own, 'access-control-expose-headers'), /Godwit-Session/);
    const other = await ask(method, path, { Origin: 'https://evil.example' });
    assert.equal(other.status, 403);
    assert.equal(field(other, 'access-control-allow-origin'), undefined);
    assert.equal(field(other, 'connection'), 'close');
  }
});

test('a body that is too large is refused readably', async () => {
  const answer = await ask('POST', '/channels/a', { Origin: here(), 'Content-Length': 1 << 30 });
  assert.equal(answer.status, 413);
  assert.equal(field(answer, 'access-control-allow-origin'), here());
});

test('a preflight is answered', async () => {
  const asks = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type,idempotency-key' };
  const answer = await ask('OPTIONS', '/channels/a', { Origin: here(), ...asks });
  assert.equal(answer.status, 204);
  assert.match(field(answer, 'access-control-allow-methods'), /POST/);
  assert.equal(field(answer, 'access-control-allow-headers'), 'content-type,idempotency-key');
  assert.ok(Number(field(answer, 'access-control-max-age')) > 0);
  assert.equal(field(answer, 'access-control-allow-origin'), here());
  assert.equal((await ask('OPTIONS', '/channels/a', { Origin: 'https://evil.example', ...asks })).status, 403);
});

test('where anyone may come, cookies do not count', async () => {
  const answer = await ask('GET', '/healthz', { Origin: 'https://status.example' });
  assert.equal(answer.status, 200);
  assert.equal(field(answer, 'access-control-allow-origin'), 'https://status.example');
  assert.equal(field(answer, 'access-control-allow-credentials'), undefined);
});

test('OPTIONS and 405 say what a path takes', async () => {
  for (const [method, status] of [['OPTIONS', 204], ['DELETE', 405]]) {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await ask(method, path);
      assert.equal(answer.status, status);
      assert.equal(field(answer, 'allow'), 'GET, HEAD, OPTIONS');
    }
    const answer = await ask(method, '/ws'); // a handshake is a GET
    assert.equal(answer.status, status);
    assert.equal(field(answer, 'allow'), 'GET, OPTIONS');
  }
  assert.equal((await ask('GET', '/readyz')).status, 200);
  assert.equal((await ask('OPTIONS', '*')).status, 204);
});
