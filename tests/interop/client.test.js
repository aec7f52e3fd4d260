// SPDX-License-Identifier: MIT
// Godwit's client against other people's servers: `examples/echo-client` echoes what they send.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { certificate } from '../support/certificate.js';
import { GODWIT } from '../support/server.js';

const ECHO_CLIENT = join(dirname(GODWIT), 'examples', 'echo-client');
const SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20, 5 << 20];
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** The echo client's end: its exit code and what it said. */
async function visit(...args) {
  const child = spawn(ECHO_CLIENT, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let said = '';
  child.stderr.on('data', (text) => { said += text; });
  const [code] = await once(child, 'close', { signal: AbortSignal.timeout(60_000) });
  running.delete(child);
  return { code, said };
}

/** Serves one visit; gives what `talk(socket)` gives. */
async function serve(options, talk) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 64 << 20, ...options });
  await once(server, 'listening');
  const talked = new Promise((resolve, reject) => server.once('connection', (socket, request) => talk(socket, request).then(resolve, reject)));
  const end = await visit(`ws://127.0.0.1:${server.address().port}/`);
  server.close();
  assert.deepEqual(end, { code: 0, said: '' });
  return talked;
}

async function isEchoed(socket, message) {
  const isText = typeof message === 'string';
  socket.send(message);
  const [data, binary] = await once(socket, 'message');
  assert.equal(binary, !isText);
  assert.ok(Buffer.compare(Buffer.from(data), Buffer.from(message)) === 0, `${message.length} came back changed`);
}

const deflates = {
  'without compression': false,
  'with compression': { threshold: 0 },
  'with no takeover': { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
  'with windows of 9 bits': { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
};
for (const [how, perMessageDeflate] of Object.entries(deflates))
  test(`ws as the server, ${how}`, () => serve({ perMessageDeflate }, async (socket) => {
    assert.equal(Boolean(socket.extensions), Boolean(perMessageDeflate));
    for (const size of SIZES) await isEchoed(socket, Buffer.alloc(size, 'some bytes, '));
    for (let i = 0; i < 20; i++) await isEchoed(socket, `text € ${i}`);
    const pong = once(socket, 'pong'), message = once(socket, 'message');
    socket.send('one ', { fin: false });
    socket.ping('p');
    socket.send('two', { fin: true });
    assert.equal(String((await pong)[0]), 'p');
    assert.equal(String((await message)[0]), 'one two');
    const closed = once(socket, 'close');
    socket.close(4001, 'enough');
    assert.equal((await closed)[0], 4001);
  }));

test('every close code is answered with itself', async () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])
    await serve({}, async (socket) => {
      const closed = once(socket, 'close');
      socket.close(code);
      assert.equal((await closed)[0], code);
    });
});

test('a server that ends the TCP connection ends the visit', () => serve({}, async (socket) => { socket.terminate(); }));

test('TLS: a certificate that nobody signed is refused, unless -k believes anyone', async () => {
  const tls = certificate();
  const { readFileSync } = await import('node:fs');
  const https = createServer({ cert: tls.pem(), key: readFileSync(tls.key) });
  const server = new WebSocketServer({ server: https });
  let visits = 0;
  server.on('connection', (socket) => { visits++; socket.close(1000); });
  https.on('tlsClientError', () => {});
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  const url = `wss://localhost:${https.address().port}/`;
  const refused = await visit(url);
  assert.equal(refused.code, 1);
  assert.match(refused.said, /certificate|self.signed/i);
  assert.equal(visits, 0);
  assert.deepEqual(await visit('-k', url), { code: 0, said: '' });
  assert.equal(visits, 1);
  server.close();
  https.close();
});

const PYTHON = `
import asyncio, subprocess, sys, websockets
async def main(compression):
    done = asyncio.get_running_loop().create_future()
    async def talk(ws):
        try:
            for size in (0, 1, 125, 126, 65535, 65536, 1 << 20, 5 << 20):
                data = (bytes(range(97, 123)) * (size // 26 + 1))[:size]
                await ws.send(data)
                assert await ws.recv() == data, size
            for i in range(20):
                await ws.send('text \\u20ac %d' % i)
                assert await ws.recv() == 'text \\u20ac %d' % i
            await ws.send(iter(['one ', 'two ', 'three']))
            assert await ws.recv() == 'one two three'
            await (await ws.ping(b'?'))
            await ws.close(4000, 'bye')
            done.set_result(ws.close_code)
        except BaseException as error:
            done.set_exception(error)
    async with websockets.serve(talk, '127.0.0.1', 0, compression=compression, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        client = await asyncio.create_subprocess_exec(sys.argv[1], 'ws://127.0.0.1:%d/' % port)
        assert await asyncio.wait_for(done, 50) == 4000
        assert await asyncio.wait_for(client.wait(), 10) == 0
asyncio.run(main(sys.argv[2] or None))
`;
for (const compression of ['', 'deflate'])
  test(`python3-websockets as the server, ${compression ? 'with' : 'without'} compression`, () =>
    promisify(execFile)('/usr/bin/python3', ['-c', PYTHON, ECHO_CLIENT, compression], { timeout: 60_000 }));
