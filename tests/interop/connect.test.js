// SPDX-License-Identifier: MIT
// `godwit connect` against other people's servers: npm ws and python's websockets.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { GODWIT } from '../support/server.js';
import { PYTHON, run, start, startOnTerminal } from '../support/program.js';

const open = new Set();
let folder, certificate;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-connect-'));
  certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  execFileSync('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'.split(' '),
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', certificate.key, '-out', certificate.cert,
  ], { stdio: 'ignore' });
});

after(() => {
  open.forEach((close) => close());
  rmSync(folder, { recursive: true, force: true });
});

/** A ws server on a free port; `url` is where it listens. */
async function serve(onConnection, options = {}, base = http.createServer()) {
  const server = new WebSocketServer({ server: base, ...options });
  server.on('connection', onConnection);
  await new Promise((resolve) => base.listen(0, '127.0.0.1', resolve));
  open.add(() => {
    server.clients.forEach((client) => client.terminate());
    base.close();
  });
  const scheme = base instanceof https.Server ? 'wss' : 'ws';
  return { server, base, port: base.address().port, url: `${scheme}://127.0.0.1:${base.address().port}/` };
}

const echo = (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

test('each line of a pipe is a message, each answer a line', async () => {
  const { url } = await serve(echo);
  const { code, stdout, stderr } = await run(['connect', url], { input: 'hi\n안녕 👋\n\nlast, without a newline' });
  assert.equal(stdout, 'hi\n안녕 👋\n\nlast, without a newline\n');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /connected to ws:.*\n.*closed by us: 1000/);
});

test('every answer is there before it closes, however many lines there are', async () => {
  const { url } = await serve(echo);
  const input = Array.from({ length: 20000 }, (_, i) => `line ${i}\n`).join('');
  const { code, stdout } = await run(['connect', '--quiet', url], { input });
  assert.ok(stdout === input, stdout.slice(0, 100));
  assert.equal(code, 0);
});

test('output that cannot be written is a failure', async () => {
  const { url } = await serve(echo);
  const child = spawn(GODWIT, ['connect', url], { stdio: ['pipe', openSync('/dev/full', 'w'), 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += data));
  child.stdin.end('lost\n');
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.match(stderr, /standard output: No space left on device/);
  assert.equal(code, 1);
});

test('a closed standard output is told, and no socket takes its place', async () => {
  const { url } = await serve(echo);
  const child = spawn('sh', ['-c', 'echo lost | "$0" connect "$1" >&-', GODWIT, url], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += data));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.match(stderr, /standard output: Bad file descriptor/);
  assert.equal(code, 1);
});

test('commands send every kind of frame', async () => {
  const seen = [];
  let closed;
  const { url } = await serve((socket) => {
    closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve(`close ${code} ${reason}`)));
    socket.on('message', (data, isBinary) => seen.push(isBinary ? data.toString('hex') : data.toString()));
    socket.on('ping', (data) => seen.push(`ping ${data}`));
    socket.on('pong', (data) => seen.push(`pong ${data}`));
  });
  const input = 'plain\n//slash\n/text /slash\n/binary 00 ff10\n/ping are you there\n/pong\n/close 4001 good bye\n' +
    'not sent any more\n';
  const { code, stderr } = await run(['connect', url], { input });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^pong are you there$/m);
  assert.deepEqual(seen.filter((event) => event !== 'ping godwit: end of input'),
    ['plain', '/slash', '/slash', '00ff10', 'ping are you there', 'pong ']);
  assert.equal(await closed, 'close 4001 good bye');
});

test('binary messages come as hex, and as they are with --binary', async () => {
  const { url } = await serve((socket) => {
    socket.send(Buffer.from([0, 255, 16]));
    echo(socket);
  });
  const { stdout } = await run(['connect', url]);
  assert.equal(stdout, '/binary 00ff10\n');
  const input = randomBytes(300_000);
  const { code, bytes } = await run(['connect', '--binary', url], { input });
  assert.equal(code, 0);
  assert.ok(bytes.equals(Buffer.concat([Buffer.from([0, 255, 16]), input])));
});

test('--binary sends the whole pipe as one message', async () => {
  const sizes = [];
  const { url } = await serve((socket) => socket.on('message', (data, isBinary) => sizes.push([data.length, isBinary])));
  await run(['connect', '--binary', url], { input: randomBytes(200_001) });
  await run(['connect', '--binary', url], { input: Buffer.from('a\nb\n') });
  assert.deepEqual(sizes, [[200_001, true], [4, true]]);
});

test('--literal knows no commands', async () => {
  const { url } = await serve(echo);
  const { stdout } = await run(['connect', '--literal', url], { input: '/ping\n//x\n' });
  assert.equal(stdout, '/ping\n//x\n');
});

test('--show-frames tells the header of every frame, both ways', async () => {
  const { url } = await serve(echo);
  const { stderr } = await run(['connect', '--show-frames', url], { input: 'hi\n/binary 0102\n/close 4000 bye\n' });
  const key = 'key=[0-9a-f]{8}';
  for (const line of [
    `--> fin=1 rsv=000 opcode=1 text mask=1 len=2 ${key} payload="hi"`,
    '<-- fin=1 rsv=000 opcode=1 text mask=0 len=2 payload="hi"',
    `--> fin=1 rsv=000 opcode=2 binary mask=1 len=2 ${key} payload=0102`,
    '<-- fin=1 rsv=000 opcode=2 binary mask=0 len=2 payload=0102',
    `--> fin=1 rsv=000 opcode=8 close mask=1 len=5 ${key} code=4000 payload="bye"`,
    '<-- fin=1 rsv=000 opcode=8 close mask=0 len=5 code=4000 payload="bye"',
  ]) assert.match(stderr, new RegExp(`^${line}$`, 'm'));
  const packing = await serve(echo, { perMessageDeflate: true });
  const long = await run(['connect', '--show-frames', packing.url], { input: 'x'.repeat(5000) });
  assert.match(long.stderr, /^--> fin=1 rsv=100 opcode=1 text mask=1 len=\d+ key=/m, 'compressed');
  const plain = await run(['connect', '--show-frames', '--no-deflate', packing.url], { input: 'x'.repeat(70000) });
  assert.match(plain.stderr, /^--> fin=1 rsv=000 opcode=1 text mask=1 len=70000 key=.* payload="x{32}"\.\.\.$/m);
});

test('a compressed connection carries large messages', async () => {
  const { url, server } = await serve(echo, { perMessageDeflate: { threshold: 0 } });
  let extensions;
  server.on('connection', (socket) => (extensions = socket.extensions));
  const input = `${'안녕하세요 '.repeat(60_000)}\n`;
  const { stdout, stderr } = await run(['connect', url], { input });
  assert.ok(stdout === input, stdout.slice(0, 100));
  assert.match(extensions, /permessage-deflate/);
  assert.match(stderr, /permessage-deflate/);
});

test('headers, origin and subprotocol arrive', async () => {
  let headers;
  const { url } = await serve((_, request) => (headers = request.headers), {
    handleProtocols: (offered) => [...offered].at(-1),
  });
  const { code, stderr } = await run(['connect', '--header', 'X-One: 1', '--header', 'Authorization: Bearer x',
    '--origin', 'https://example.com', '--subprotocol', 'a, b', url]);
  assert.equal(code, 0, stderr);
  assert.equal(headers['x-one'], '1');
  assert.equal(headers.authorization, 'Bearer x');
  assert.equal(headers.origin, 'https://example.com');
  assert.equal(headers['sec-websocket-protocol'].replaceAll(' ', ''), 'a,b');
  assert.match(stderr, /subprotocol b/);
});

test('how the server closes decides the exit code', async () => {
  const { url } = await serve((socket, request) => {
    const [, code, reason] = /(\d+)\/(.*)/.exec(request.url) ?? [];
    if (code) socket.close(Number(code), decodeURIComponent(reason));
    else socket.terminate();
  });
  const closed = (path) => run(['connect', '--stay', url + path]);
  const fine = await closed('1000/bye');
  assert.deepEqual([fine.code, /closed by the server: 1000 \(normal closure\) bye/.test(fine.stderr)], [0, true]);
  assert.equal((await closed('4000/')).code, 0);
  const failed = await closed('1011/oh%20no');
  assert.deepEqual([failed.code, /closed by the server: 1011 \(internal error\) oh no/.test(failed.stderr)], [1, true]);
  assert.equal((await closed('4403/')).code, 1);
  const cut = await closed('');
  assert.deepEqual([cut.code, /the connection was cut/.test(cut.stderr)], [1, true]);
});

test('what the server says cannot steer the terminal of the reader of errors', async () => {
  const { url } = await serve((socket) => socket.close(4000, '\u001b[2J\u202eboo'));
  const { stderr } = await run(['connect', '--stay', url]);
  assert.match(stderr, /4000 \\x1b\[2J\\u202eboo/);
});

test('a connection that cannot be made says why, where, and the mend', async () => {
  const { url, port, base } = await serve(echo);
  base.removeAllListeners('upgrade');
  base.on('upgrade', (_, socket) => socket.on('error', () => {}).end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'));
  const missing = await run(['connect', `${url}nowhere`]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /ws:\/\/127\.0\.0\.1:\d+\/nowhere: the server answered 404; is the path right\?/);
  const gone = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => gone.once('listening', resolve));
  const free = gone.address().port;
  await new Promise((resolve) => gone.close(resolve));
  const refused = await run(['connect', `ws://127.0.0.1:${free}/`]);
  assert.deepEqual([refused.code, /does a server listen there/.test(refused.stderr)], [1, true]);
  const tls = await run(['connect', '--insecure', `wss://127.0.0.1:${port}/`]);
  assert.deepEqual([tls.code, /TLS/.test(tls.stderr)], [1, true]);
});

test('bad usage is told as such', async () => {
  for (const args of [[], ['nonsense'], ['ws://a/', 'ws://b/'], ['--header', 'no colon', 'ws://a/'], ['--nope', 'ws://a/'],
    ['--timeout', 'soon', 'ws://a/'], ['--cert', 'a.pem', 'ws://a/'], ['--subprotocol', 'a b c;', 'ws://127.0.0.1:1/']]) {
    const { code, stderr } = await run(['connect', ...args]);
    assert.deepEqual([code, stderr.startsWith('godwit connect: ')], [2, true], `${args}: ${stderr}`);
  }
  const help = await run(['connect', '--help']);
  assert.deepEqual([help.code, help.stdout.startsWith('usage: godwit connect')], [0, true]);
});

test('a line that cannot be sent ends a pipe with an error', async () => {
  const { url } = await serve(echo);
  const unknown = await run(['connect', url], { input: 'a\n/nonsense\nb\n' });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /line 2: \/nonsense: no such command/);
  const bytes = await run(['connect', url], { input: Buffer.from([0xff, 0x0a]) });
  assert.deepEqual([bytes.code, /line 1: not UTF-8/.test(bytes.stderr)], [1, true]);
  const long = await run(['connect', '--max-message', '1K', url], { input: 'x'.repeat(300_000) });
  assert.deepEqual([long.code, /longer than --max-message/.test(long.stderr)], [1, true]);
});

test('--reconnect comes back after a cut, and stops after a close that means it', async () => {
  let connections = 0;
  const { url } = await serve((socket) => {
    socket.send(`connection ${++connections}`);
    if (connections === 1) setImmediate(() => socket.terminate());
    else socket.close(1000, 'done');
  });
  const { code, stdout, stderr } = await run(['connect', '--reconnect', '--stay', url]);
  assert.equal(stdout, 'connection 1\nconnection 2\n');
  assert.match(stderr, /cut/);
  assert.equal(code, 0);
});

test('--wait stays for answers that come late', async () => {
  const { url } = await serve((socket) => socket.on('message', (data) => setTimeout(() => socket.send(String(data)), 300)));
  const patient = start(['connect', '--wait', '50', url]);
  patient.end('late\n');
  await patient.until('late\n');
  patient.child.kill('SIGINT');
  assert.equal((await patient.ended).code, 0);
  assert.equal((await run(['connect', '--wait', '0.1', url], { input: '' })).code, 0); // and no longer
});

test('an interrupt closes in good order', async () => {
  let closed;
  const { url } = await serve((socket) => (closed = new Promise((resolve) => socket.on('close', resolve))));
  const program = start(['connect', url]);
  await program.until('connected', 'stderr');
  program.child.kill('SIGINT');
  assert.equal((await program.ended).code, 0);
  assert.equal(await closed, 1000);
});

test('wss believes --ca, and nobody else unless --insecure says so', async () => {
  const base = https.createServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) });
  const { url } = await serve(echo, {}, base);
  const refused = await run(['connect', url], { input: 'x\n' });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /self-signed certificate; --ca FILE/);
  for (const option of [['--ca', certificate.cert], ['--insecure']]) {
    const { code, stdout, stderr } = await run(['connect', ...option, '--show-frames', url], { input: 'secret\n' });
    assert.deepEqual([code, stdout], [0, 'secret\n'], stderr);
    assert.match(stderr, /<-- fin=1 rsv=000 opcode=1 text mask=0 len=6 payload="secret"/);
  }
});

test('--proxy goes through a CONNECT proxy with its credentials', async () => {
  const { url } = await serve(echo);
  const asked = [];
  const proxy = http.createServer().on('connect', (request, socket) => {
    asked.push([request.url, request.headers['proxy-authorization']]);
    const [host, port] = request.url.split(':');
    const there = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      there.pipe(socket).pipe(there);
    });
    there.on('error', () => socket.destroy());
    socket.on('error', () => there.destroy());
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  open.add(() => proxy.close());
  const { stdout, stderr } = await run(['connect', '--proxy', `http://me:secret@127.0.0.1:${proxy.address().port}`, url],
    { input: 'through\n' });
  assert.equal(stdout, 'through\n', stderr);
  assert.deepEqual(asked, [[new URL(url).host, `Basic ${Buffer.from('me:secret').toString('base64')}`]]);
});

test("python's websockets echoes, compressed and not", async () => {
  const server = spawn(PYTHON, ['-c', `
import asyncio, websockets
async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
`], { stdio: ['ignore', 'pipe', 'inherit'] });
  open.add(() => server.kill('SIGKILL'));
  const port = Number(await new Promise((resolve) => server.stdout.once('data', resolve)));
  const input = `short\n${'long text '.repeat(20_000)}\n/binary 00ff\n`;
  for (const option of [[], ['--no-deflate']]) {
    const { code, stdout, stderr } = await run(['connect', ...option, `ws://127.0.0.1:${port}/`], { input });
    assert.deepEqual([code, stdout === input], [0, true], stderr);
  }
  server.kill('SIGKILL');
});

/** Whether this system lends pseudo-terminals; a bare chroot without /dev/pts does not. */
const noTerminals = (() => {
  try {
    execFileSync(PYTHON, ['-c', 'import os; os.openpty()'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no pseudo-terminal to be had here';
  }
})();

test('a terminal has line editing and history, and messages do not disturb the line', { skip: noTerminals }, async () => {
  let socket;
  const got = [];
  const { url } = await serve((connection) => {
    socket = connection;
    connection.on('message', (data) => got.push(data.toString()));
  });
  const terminal = startOnTerminal(['connect', url], { env: { HOME: folder, XDG_STATE_HOME: '', LC_ALL: 'C.UTF-8' } });
  await terminal.until('connected');
  terminal.write('helo');
  await terminal.until('helo');
  terminal.write('\u001b[Dl'); // left, and the missing letter
  await terminal.until('lo');
  socket.send('in \u001b[31mbetween');
  await terminal.until('\r\u001b[J< in \\x1b[31mbetween\r\n> hello');
  terminal.write('\n');
  terminal.write('안녕x\u007f\n'); // and a backspace
  terminal.write('\u001b[A!\n'); // up: the line before
  terminal.write('/close 4001 bye\n');
  const [closed, { code }] = await Promise.all([
    new Promise((resolve) => socket.once('close', (number, reason) => resolve([number, String(reason)]))),
    terminal.ended,
  ]);
  assert.deepEqual(got, ['hello', '안녕', '안녕!']);
  assert.deepEqual([closed, code], [[4001, 'bye'], 0]);
  const again = startOnTerminal(['connect', url], { env: { HOME: folder, XDG_STATE_HOME: '', LC_ALL: 'C.UTF-8' } });
  await again.until('connected');
  again.write('\u001b[A\u001b[A\n'); // the history of the session before
  await new Promise((resolve) => socket.once('message', resolve));
  assert.equal(got.at(-1), '안녕!');
  again.write('\u0004'); // Ctrl-D
  assert.equal((await again.ended).code, 0);
});
