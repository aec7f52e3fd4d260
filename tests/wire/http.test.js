// SPDX-License-Identifier: MIT
// HTTP/1.1 as `godwit serve` speaks it: pipelines, bodies, conditions, and what may never be taken for a request.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Peer } from '../support/wire.js';
import { startServer } from '../support/server.js';

let server;
before(async () => { server = await startServer('serve'); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const get = (path, fields = '', version = 'HTTP/1.1') => `GET ${path} ${version}\r\nHost: localhost\r\n${fields}\r\n`;
const field = (answer, name) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer.head)?.[1];

/** Sends bytes and reads so many answers. */
async function ask(bytes, n = 1) {
  const peer = await Peer.connect(server);
  peer.send(Buffer.from(bytes, 'latin1'));
  const answers = [];
  for (let i = 0; i < n; i++) answers.push(await peer.readAnswer());
  return { peer, answers, answer: answers[0] };
}

test('pipelined requests are answered in order on one connection', async () => {
  const paths = Array.from({ length: 50 }, (_, i) => (i % 2 ? '/healthz' : `/nothing-${i}`));
  const { peer, answers } = await ask(paths.map((path) => get(path)).join(''), 50);
  assert.deepEqual(answers.map((a) => a.status), paths.map((path) => (path === '/healthz' ? 200 : 404)));
  peer.send(get('/healthz', 'Connection: close\r\n'));
  const last = await peer.readAnswer();
  assert.equal(field(last, 'connection'), 'close');
  assert.equal((await peer.readEnd()).length, 0);
});

test('a request in one-byte segments is answered', async () => {
  const peer = await Peer.connect(server);
  for (const byte of Buffer.from(get('/healthz'))) peer.send(Buffer.from([byte]));
  assert.equal((await peer.readAnswer()).status, 200);
  peer.destroy();
});

test('HEAD tells the length and brings no body', async () => {
  const { peer } = await ask('HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n' + get('/healthz'), 0);
  const head = await peer.readHead();
  assert.match(head, /^HTTP\/1.1 200 /);
  assert.ok(Number(/^content-length: (\d+)/im.exec(head)[1]) > 100);
  assert.equal((await peer.readAnswer()).body, 'ok\n');
  peer.destroy();
});

test('a page that the browser has already is 304, with an ETag for each coding', async () => {
  const { peer, answer: plain } = await ask(get('/'));
  const tag = field(plain, 'etag');
  peer.send(get('/', `If-None-Match: ${tag}\r\n`) + get('/', `If-None-Match: W/${tag}, "x"\r\n`) + get('/', 'If-None-Match: "other"\r\n') + get('/', 'If-None-Match: *\r\n'));
  const head = await peer.readHead();
  assert.match(head, /^HTTP\/1.1 304 /);
  assert.doesNotMatch(head, /content-length/i);
  assert.match(await peer.readHead(), /^HTTP\/1.1 304 /);
  assert.equal((await peer.readAnswer()).status, 200);
  assert.match(await peer.readHead(), /^HTTP\/1.1 304 /);
  peer.send(get('/', 'Accept-Encoding: br, gzip\r\n'));
  const packedHead = await peer.readHead();
  assert.match(packedHead, /^content-encoding: gzip\r$/im);
  assert.match(packedHead, /^vary: accept-encoding\r$/im);
  assert.notEqual(/^etag: (.*)\r$/im.exec(packedHead)[1], tag);
  const length = Number(/^content-length: (\d+)/im.exec(packedHead)[1]);
  await peer.until(() => (peer.received.length >= length ? true : undefined));
  assert.equal(gunzipSync(peer.received.subarray(0, length)).toString(), plain.body);
  peer.destroy();
  const { peer: none, answer } = await ask(get('/', 'Accept-Encoding: gzip;q=0\r\n'));
  assert.equal(field(answer, 'content-encoding'), undefined);
  none.destroy();
});

test('the page may load nothing from elsewhere', async () => {
  const { peer, answer } = await ask(get('/'));
  assert.match(field(answer, 'content-security-policy'), /default-src 'none'/);
  assert.equal(field(answer, 'x-content-type-options'), 'nosniff');
  peer.destroy();
});

test('a chunked body is one, whatever its pieces', async () => {
  const peer = await Peer.connect(server);
  const post = 'POST /channels/chunks HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n \r\n005\r\nworld\r\n0\r\nX-Trailer: t\r\n\r\n';
  for (const byte of Buffer.from(post)) peer.send(Buffer.from([byte]));
  assert.equal((await peer.readAnswer()).status, 201);
  peer.send(get('/channels/chunks'));
  assert.match((await peer.readAnswer()).body, /hello world/);
  peer.destroy();
});

test('Expect: 100-continue gets its word before the body', async () => {
  const peer = await Peer.connect(server);
  peer.send('POST /channels/expect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  assert.match(await peer.readHead(), /^HTTP\/1.1 100 /);
  peer.send('hi');
  assert.equal((await peer.readAnswer()).status, 201);
  peer.destroy();
});

test('a body over the limit is 413 from its head alone', async () => {
  const { peer, answer } = await ask('POST /channels/big HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n');
  assert.equal(answer.status, 413);
  assert.equal((await peer.readEnd()).length, 0);
  const { answer: chunked } = await ask('POST /channels/big HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n' + 'x'.repeat(65537));
  assert.equal(chunked.status, 413);
});

const empty = (path) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
test('404 and 405 say what is wrong, and the connection stays', async () => {
  const { peer, answers } = await ask(get('/nowhere') + 'DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n' + empty('/healthz') + empty('/chanels/lobby') + get('/healthz'), 5);
  assert.deepEqual(answers.map((a) => a.status), [404, 405, 405, 404, 200]);
  assert.equal(field(answers[0], 'content-type'), 'application/problem+json');
  assert.equal(JSON.parse(answers[0].body).status, 404);
  assert.match(field(answers[1], 'allow'), /GET/);
  peer.destroy();
});

test('paths are taken as they are written', async () => {
  for (const path of ['/../etc/passwd', '/%2e%2e/etc/passwd', '//', '/index.html/..', '/home.css%00', '/HOME.CSS']) {
    const { peer, answer } = await ask(get(path));
    assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`);
    peer.destroy();
  }
});

test('HTTP/1.0 ends unless it asks to stay', async () => {
  const { peer, answer } = await ask(get('/healthz', '', 'HTTP/1.0') + get('/healthz'));
  assert.equal(answer.status, 200);
  assert.equal((await peer.readEnd()).length, 0);
  const { peer: stays, answers } = await ask(get('/healthz', 'Connection: keep-alive\r\n', 'HTTP/1.0') + get('/healthz'), 2);
  assert.equal(field(answers[0], 'connection'), 'keep-alive');
  stays.destroy();
});

test('a client that sends no more still gets its answers', async () => {
  const peer = await Peer.connect(server);
  peer.socket.end(get('/healthz') + get('/nowhere'));
  assert.equal((await peer.readAnswer()).status, 200);
  assert.equal((await peer.readAnswer()).status, 404);
  assert.equal((await peer.readEnd()).length, 0);
});

const smuggled = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Second: yes\r\n\r\n';
const post = (fields, body = '') => `POST /channels/x HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n${body}`;
const attempts = {
  'both lengths': post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  'both lengths, the other way round': post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
  'two lengths': post('Content-Length: 0\r\nContent-Length: 44\r\n'),
  'a list of lengths': post('Content-Length: 0, 44\r\n'),
  'a blank inside a length': post('Content-Length: 1 0\r\n'),
  'a length beyond 2^64': post('Content-Length: 18446744073709551616\r\n'),
  'chunked, not last': post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'),
  'chunked, twice': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  'a coding like chunked': post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
  'chunked behind a vertical tab': post('Transfer-Encoding:\x0bchunked\r\n', '0\r\n\r\n'),
  'a blank before the colon': post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'),
  'an obs-fold': post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'),
  'bare LF between fields': post('X: y\nContent-Length: 0\r\n'),
  'a chunk size in 0x': post('Transfer-Encoding: chunked\r\n', '0x0\r\n\r\n'),
  'a chunk size with a sign': post('Transfer-Encoding: chunked\r\n', '+0\r\n\r\n'),
  'a chunk size that overflows': post('Transfer-Encoding: chunked\r\n', '10000000000000000\r\n'),
  'a chunk ended by LF': post('Transfer-Encoding: chunked\r\n', '1\na\n0\n\n'),
  'a chunk longer than it says': post('Transfer-Encoding: chunked\r\n', '1\r\nab\r\n0\r\n\r\n'),
  'a chunk extension with a bare LF': post('Transfer-Encoding: chunked\r\n', '0;a\nb\r\n\r\n'),
  'HTTP/1.0 and chunked': post('Transfer-Encoding: chunked\r\n', '0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
  'two Hosts': post('Host: evil\r\nContent-Length: 0\r\n'),
  'a NUL': post('X: \0\r\nContent-Length: 0\r\n'),
};
for (const [name, bytes] of Object.entries(attempts))
  test(`no second request out of ${name}`, async () => {
    const { peer, answer } = await ask(bytes + smuggled);
    assert.ok(answer.status >= 400 && answer.status < 600, `${answer.status}`);
    assert.equal(field(answer, 'connection'), 'close');
    assert.equal((await peer.readEnd()).length, 0, 'nothing behind it is served');
    const { peer: fresh, answer: next } = await ask(get('/healthz'));
    assert.equal(next.status, 200);
    fresh.destroy();
  });

test('every file of a page is served', async () => {
  const web = fileURLToPath(new URL('../../web', import.meta.url));
  const files = (folder) => readdirSync(`${web}/${folder}`, { withFileTypes: true }).flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    if (/\.(html|css|js|svg|png)$/.test(name)) return [path.replace(/index\.html$/, '')];
    return name.includes('.') || ['node_modules', 'src'].includes(name) ? [] : files(path);
  });
  const paths = files('').filter((path) => !path.endsWith('/build.js'));
  assert.ok(paths.length > 10);
  for (const path of paths) assert.equal((await fetch(server.url + path)).status, 200, path);
});
