// SPDX-License-Identifier: MIT
// `godwit publish`: what goes out, what is printed, what is tried again, how it ends. Against the server, and against a
// server made here where it has to misbehave.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { certificate } from '../support/certificate.js';
import { run, start } from '../support/program.js';
import { startServer } from '../support/server.js';

let server;
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(() => server?.kill());

/** What the history holds. */
const history = async (channel) => (await (await fetch(`${server.url}/channels/${channel}`)).json()).publications;

/** A server whose answers a function gives: [status, headers, body], or null: cut. Keeps what was asked. */
async function fake(answer) {
  const asked = [];
  const sockets = new Set();
  const peer = http.createServer(async (request, response) => {
    const body = [];
    for await (const piece of request) body.push(piece);
    asked.push({ method: request.method, url: request.url, headers: request.headers, socket: request.socket,
      body: Buffer.concat(body) });
    const given = answer(asked.length, asked.at(-1));
    if (!given) return request.socket.destroy();
    const [status, headers, text] = given;
    response.writeHead(status, headers).end(text);
  });
  peer.on('connection', (socket) => sockets.add(socket));
  await new Promise((resolve) => peer.listen(0, '127.0.0.1', resolve));
  const close = () => { sockets.forEach((socket) => socket.destroy()); peer.close(); };
  return { url: `http://127.0.0.1:${peer.address().port}`, asked, sockets, close };
}

const taken = (n = 1) => [201, { 'Content-Type': 'application/json' }, `{"channel":"a","cursor":"E:${n}","duplicate":false}\n`];
const refusal = (status, detail, headers = {}) =>
  [status, { 'Content-Type': 'application/problem+json', ...headers }, JSON.stringify({ title: 'No', status, detail })];

test('a payload of the command line is published and its cursor printed', async () => {
  const { code, stdout, stderr } = await run(['publish', server.url, 'one', 'hello']);
  assert.deepEqual([code, stderr], [0, '']);
  const [publication] = await history('one');
  assert.equal(stdout, `${publication.cursor}\n`);
  assert.equal(publication.text, 'hello');
});

test('event, type, user and names of every kind arrive', async () => {
  const name = 'ns:a b/ü?&#%';
  const args = [server.ws.replace(/$/, '/'), name, '--event', 'x y&z', '--type', 'application/json', '--json', '[1.10]'];
  const { code, stdout } = await run(['publish', ...args]);
  assert.equal(code, 0);
  const [publication] = await history(encodeURIComponent(name));
  assert.deepEqual([publication.event, publication.data], ['x y&z', [1.1]]);
  const answer = JSON.parse(stdout);
  assert.deepEqual([answer.channel, answer.cursor, answer.duplicate], [name, publication.cursor, false]);
});

test('standard input is published whole, bytes that are no text as binary', async () => {
  assert.equal((await run(['publish', server.url, 'whole'], { input: 'a\nb\n' })).code, 0);
  const child = start(['publish', server.url, 'whole']);
  child.write(Buffer.from([0xff, 0, 10]));
  assert.equal((await child.end()).code, 0);
  assert.equal((await run(['publish', server.url, 'whole'])).code, 0); // nothing is a payload too
  assert.deepEqual((await history('whole')).map(({ text, base64 }) => text ?? base64), ['a\nb\n', '/wAK', '']);
});

test('each line is a publication, in order, over one connection', async () => {
  const peer = await fake((n) => taken(n));
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  const { code, stdout } = await run(['publish', peer.url, 'a', '--lines'], { input: lines.join('\n') });
  peer.close();
  assert.equal(code, 0);
  assert.deepEqual(peer.asked.map(({ body }) => String(body)), lines);
  assert.deepEqual(stdout.trim().split('\n'), lines.map((_, i) => `E:${i + 1}`));
  assert.equal(peer.sockets.size, 1);
  assert.equal(new Set(peer.asked.map(({ headers }) => headers['idempotency-key'])).size, 50);
});

test('a line is published when it comes, not at the end of the input', async () => {
  const child = start(['publish', server.url, 'tail', '--lines']);
  child.write('first\n');
  await child.until('\n');
  assert.deepEqual((await history('tail')).map(({ text }) => text), ['first']);
  assert.equal((await child.end()).code, 0);
});

test('a key is sent as it is, for lines with their number', async () => {
  const peer = await fake((n) => taken(n));
  await run(['publish', peer.url, 'a', 'x', '--key', 'K', '--token', 'T', '--user', 'u v']);
  await run(['publish', peer.url, 'a', '--lines', '--key', 'K'], { input: 'x\ny\n' });
  peer.close();
  assert.deepEqual(peer.asked.map(({ headers }) => headers['idempotency-key']), ['K', 'K-1', 'K-2']);
  assert.equal(peer.asked[0].headers.authorization, 'Bearer T');
  assert.equal(peer.asked[0].url, '/channels/a?user=u%20v');
});

test('to a user is a POST to the user; a path of the URL goes before it', async () => {
  const peer = await fake((n) => taken(n));
  const { code } = await run(['publish', `${peer.url}/base/`, '--to', 'ann b', 'hi']);
  peer.close();
  assert.equal(code, 0);
  assert.deepEqual(peer.asked.map(({ method, url, body }) => [method, url, String(body)]),
    [['POST', '/base/users/ann%20b', 'hi']]);
});

test('a busy server and a lost answer are tried again, with the same key', async () => {
  const peer = await fake((n) => (n === 1 ? refusal(503, 'busy', { 'Retry-After': '0' }) : n === 2 ? null : taken(7)));
  const { code, stdout } = await run(['publish', peer.url, 'a', 'x']);
  peer.close();
  assert.deepEqual([code, stdout], [0, 'E:7\n']);
  assert.equal(peer.asked.length, 3);
  assert.equal(new Set(peer.asked.map(({ headers }) => headers['idempotency-key'])).size, 1);
});

test('a server without room for keys is done without ours, never without the one that was given', async () => {
  const answer = (n, { headers }) => (headers['idempotency-key'] ? refusal(503, 'full') : n === 5 ? null : taken(n));
  const peer = await fake(answer);
  const { code, stdout, stderr } = await run(['publish', peer.url, 'a', '--lines'], { input: 'x\ny\nz\n' });
  assert.deepEqual([code, stdout], [1, 'E:3\nE:4\n']);
  assert.deepEqual(peer.asked.map(({ body }) => String(body)), ['x', 'x', 'x', 'y', 'z']); // a lost answer is an error then
  assert.match(stderr, /line 3/);
  const given = await run(['publish', peer.url, 'a', 'x', '--key', 'K']);
  peer.close();
  assert.equal(given.code, 1);
});

test('a server that stays busy is given up after five tries', async () => {
  const peer = await fake(() => refusal(503, 'too many letters'));
  const { code, stderr } = await run(['publish', peer.url, 'a', 'x']);
  peer.close();
  assert.deepEqual([code, peer.asked.length], [1, 5]);
  assert.match(stderr, /503: too many letters/);
});

test('a refusal is told with its detail, and the lines behind it are not sent', async () => {
  const peer = await fake((n) => (n === 2 ? refusal(403, 'not \u001b[31myou') : taken(n)));
  const { code, stdout, stderr } = await run(['publish', peer.url, 'a', '--lines'], { input: 'x\ny\nz\n' });
  peer.close();
  assert.deepEqual([code, stdout, peer.asked.length], [1, 'E:1\n', 2]);
  assert.match(stderr, /line 2: the server answered 403: not \\x1b\[31myou/);
  const wrong = await run(['publish', server.url, '/a', 'x']);
  assert.deepEqual([wrong.code, /400: a channel's name/.test(wrong.stderr)], [1, true], wrong.stderr);
});

test('a server that is not there, or is none of ours, is an error with its mend', async () => {
  const gone = await run(['publish', 'http://127.0.0.1:1', 'a', 'x']);
  assert.deepEqual([gone.code, /could not be made; does a server listen/.test(gone.stderr)], [1, true], gone.stderr);
  const peer = await fake(() => [200, {}, 'hello']);
  const other = await run(['publish', peer.url, 'a', 'x']);
  peer.close();
  assert.deepEqual([other.code, /no cursor/.test(other.stderr)], [1, true], other.stderr);
});

test('over TLS a certificate is believed only where it proves who the server is', async (t) => {
  const { cert, key } = certificate();
  const secure = await startServer('serve', ['--workers', '1', '--tls-cert', cert, '--tls-key', key]);
  t.after(() => secure.kill());
  const url = secure.url.replace('127.0.0.1', 'localhost');
  const refused = await run(['publish', url, 'a', 'x']);
  assert.deepEqual([refused.code, /--insecure/.test(refused.stderr)], [1, true], refused.stderr);
  assert.equal((await run(['publish', url, 'a', 'x', '--ca', cert])).code, 0);
  assert.equal((await run(['publish', url, 'a', '--lines', '--insecure'], { input: 'x\ny\n' })).code, 0);
});

test('bad usage is told as such', async () => {
  for (const args of [[], [server.url], ['nonsense', 'a', 'x'], ['http://u:p@a/', 'a', 'x'], [`${server.url}?x`, 'a', 'x'],
    [server.url, 'a', 'x', 'y'], [server.url, 'a', 'x', '--to', 'b'], [server.url, 'a', 'x', '--lines'],
    [server.url, '', 'x'], [server.url, 'a', 'x', '--type', 'a\nb: c'], [server.url, 'a', 'x', '--key', 'a\r\nb'], [server.url, 'a', 'x', '--key', ''],
    [server.url, 'a', 'x', '--token', 'a\nb']]) {
    const { code, stderr } = await run(['publish', ...args]);
    assert.deepEqual([code, stderr.startsWith('godwit publish: ')], [2, true], `${args}: ${stderr}`);
  }
});
