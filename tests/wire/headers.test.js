// SPDX-License-Identifier: MIT
// What each answer says to a browser and to whatever keeps answers on the way. Channels hold anything: nothing of it may be taken for a page.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Peer, upgrade } from '../support/wire.js';
import { startServer } from '../support/server.js';
import { eventually } from '../support/talk.js';

let server;
before(async () => { server = await startServer('serve', ['--workers', '2', '--channel', 'silent:*=presence:off', '--max-message', '1K']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fields = (head) => Object.fromEntries(head.split('\r\n').slice(1).filter(Boolean)
  .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));

/** The head of what is answered to a request in bytes: its status, and its fields by name. */
async function head(text) {
  const peer = await Peer.connect(server);
  peer.send(text);
  const first = await peer.readHead();
  peer.destroy();
  const names = first.split('\r\n').slice(1).map((line) => line.split(':')[0].toLowerCase()).filter(Boolean);
  assert.equal(new Set(names).size, names.length, `a field twice: ${first}`);
  return { status: Number(first.slice(9, 12)), ...fields(first) };
}
const request = (method, path, lines = '', body = '') =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}${body || method === 'POST' ? `Content-Length: ${body.length}\r\n` : ''}\r\n${body}`;

const JSON_ = 'application/json', PROBLEM = 'application/problem+json', TEXT = 'text/plain; charset=utf-8';
const STAYS = 'no-store', ASKS = 'no-cache';
const accept = (type) => `Accept: ${type}\r\n`;

const answers = [
  ['GET', '/channels/lobby', 200, JSON_, STAYS],
  ['HEAD', '/channels/lobby', 200, JSON_, STAYS],
  ['GET', '/channels/lobby?wait=1&session=new&after=AAAAAAAAAAAA:0', 200, JSON_, STAYS],
  ['GET', '/channels/lobby', 200, 'text/event-stream', STAYS, accept('text/event-stream')],
  ['HEAD', '/channels/lobby', 200, 'text/event-stream', STAYS, accept('text/event-stream')],
  ['GET', '/channels/lobby', 200, 'application/x-ndjson', STAYS, accept('application/x-ndjson')],
  ['GET', '/channels/lobby/presence', 200, JSON_, STAYS],
  ['POST', '/channels/lobby', 201, JSON_, STAYS, 'Content-Type: text/html\r\n', '<script>alert(1)</script>'],
  ['POST', '/publish', 200, JSON_, STAYS, '', '[]'],
  ['POST', '/users/ann', 201, JSON_, STAYS, '', 'hello'],
  ['GET', '/users', 200, JSON_, STAYS],
  ['GET', '/users/ann', 200, JSON_, STAYS],
  ['GET', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', STAYS],
  ['GET', '/healthz', 200, TEXT, STAYS],
  ['GET', '/readyz', 200, TEXT, STAYS],
  ['DELETE', '/channels/lobby', 204],
  ['OPTIONS', '/channels/lobby', 204],
  ['OPTIONS', '*', 204],
  ['GET', '/', 200, 'text/html; charset=utf-8', ASKS],
  ['GET', '/lab/', 200, 'text/html; charset=utf-8', ASKS],
  ['GET', '/client/godwit.js', 200, 'text/javascript; charset=utf-8', ASKS],
  ['GET', '/chat?token=secret', 308, undefined, ASKS],
];
test('no answer may be sniffed, and each says how long it may be kept', async () => {
  for (const [method, path, status, type, cache, lines, body] of answers) {
    const answer = await head(request(method, path, lines, body));
    const what = `${method} ${path} ${lines ?? ''}`;
    assert.equal(answer.status, status, what);
    assert.equal(answer['content-type'], type, what);
    assert.equal(answer['cache-control'], cache, what);
    assert.equal(answer['x-content-type-options'], 'nosniff', what);
  }
});

const errors = [
  [404, request('GET', '/nowhere?token=secret')],
  [404, request('GET', '/sessions/none')],
  [404, request('GET', '/channels/silent:x/presence')],
  [405, request('PUT', '/channels/lobby')],
  [405, request('GET', '/lab/start')],
  [400, request('GET', '/channels/lobby?after=nonsense')],
  [400, request('GET', '/ws')],
  [400, 'nonsense\r\n\r\n'],
  [400, 'GET / HTTP/1.1\r\n\r\n'],
  [403, request('GET', '/channels/lobby', 'Origin: https://evil.example\r\n')],
  [403, 'GET /metrics HTTP/1.1\r\nHost: godwit.example\r\n\r\n'],
  [413, request('POST', '/channels/lobby', '', 'x'.repeat(1025))],
  [414, request('GET', `/${'x'.repeat(9000)}`)],
  [415, request('POST', '/channels/lobby', 'Content-Encoding: br\r\n', 'x')],
  [426, upgrade({ path: '/ws', fields: { 'Sec-WebSocket-Version': '12' } })],
  [431, request('GET', '/', `X: ${'x'.repeat(17000)}\r\n`)],
];
test('an error is kept by nobody, loads nothing, is in no frame and tells nobody its address', async () => {
  for (const [status, text] of errors) {
    const answer = await head(text), what = text.slice(0, 60);
    assert.equal(answer.status, status, what);
    assert.equal(answer['content-type'], PROBLEM, what);
    assert.equal(answer['x-content-type-options'], 'nosniff', what);
    assert.equal(answer['cache-control'], 'no-store', what);
    assert.equal(answer['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", what);
    assert.equal(answer['referrer-policy'], 'no-referrer', what);
  }
});

test('where a query may hold a token, the page that it leads to tells it to nobody', async () => {
  for (const path of ['/', '/chat/', '/chat?token=secret', '/lab/', '/nowhere'])
    assert.equal((await head(request('GET', path)))['referrer-policy'], 'no-referrer', path);
});

test('the date is that of the answer', async () => {
  const dated = async () => {
    const from = Math.floor(Date.now() / 1000);
    const { date } = await head(request('GET', '/healthz'));
    assert.match(date, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    const at = Date.parse(date) / 1000;
    // the system's coarse clock is a few milliseconds behind
    assert.ok(at >= from - 1 && at <= Math.floor(Date.now() / 1000), date);
    return at;
  };
  const first = await dated();
  await eventually(async () => (await dated()) > first, 'the next second');
});
