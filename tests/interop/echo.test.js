// SPDX-License-Identifier: MIT
// Other people's clients against `godwit echo`: plain and TLS, with and without compression, messages of all sizes.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocket as Undici, Agent } from 'undici';
import Ws from 'ws';
import { certificate } from '../support/certificate.js';
import { startServer } from '../support/server.js';

const SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20, 5 << 20];
const tls = certificate();
const servers = {};
before(async () => {
  servers.plain = await startServer('echo', ['--workers', '2']);
  servers.tls = await startServer('echo', ['--workers', '2', '--tls-cert', tls.cert, '--tls-key', tls.key]);
  servers.bare = await startServer('echo', ['--no-deflate']);
});
after(async () => {
  for (const server of Object.values(servers)) assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

/** Bytes that compress somewhat, the same each time. */
function bytes(n) {
  const b = Buffer.alloc(n);
  for (let i = 0, x = 12345; i < n; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    b[i] = 97 + ((x >>> 16) % (i % 1024 < 512 ? 3 : 26));
  }
  return b;
}

async function echoes(socket, message, isBinary = true) {
  socket.send(message, { binary: isBinary });
  const [data, binary] = await once(socket, 'message');
  assert.equal(binary, isBinary);
  assert.ok(Buffer.compare(Buffer.from(data), Buffer.from(message)) === 0, `${message.length} bytes came back changed`);
}

async function closes(socket, code, reason) {
  socket.close(code, reason);
  const [got] = await once(socket, 'close');
  assert.equal(got, code);
}

const deflates = {
  'without compression': false,
  'with compression': { threshold: 0 },
  'with compression, no takeover on either side': { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
  'with compression, no takeover of the client': { threshold: 0, clientNoContextTakeover: true },
  'with compression, no takeover of the server': { threshold: 0, serverNoContextTakeover: true },
  'with small windows': { threshold: 0, clientMaxWindowBits: 9, serverMaxWindowBits: 9 },
};

for (const where of ['plain', 'tls'])
  for (const [how, perMessageDeflate] of Object.entries(deflates))
    test(`ws, ${where}, ${how}`, async () => {
      const socket = new Ws(`${servers[where].ws}/any/path`, { perMessageDeflate, ca: tls.pem() });
      await once(socket, 'open');
      assert.equal(socket.extensions.startsWith('permessage-deflate'), Boolean(perMessageDeflate));
      for (const size of SIZES) await echoes(socket, bytes(size));
      for (let i = 0; i < 20; i++) await echoes(socket, `다시 ${i} 再び 🦃`, false); // the window is used again
      await closes(socket, 4321, 'tschüß');
    });

test('ws, fragments and pings between them', async () => {
  const socket = new Ws(servers.plain.ws, { perMessageDeflate: { threshold: 0 } });
  await once(socket, 'open');
  const pong = once(socket, 'pong');
  const message = once(socket, 'message');
  socket.send('eins ', { fin: false });
  socket.ping('between');
  socket.send('zwei ', { fin: false });
  socket.send('drei', { fin: true });
  assert.equal(String((await pong)[0]), 'between');
  assert.equal(String((await message)[0]), 'eins zwei drei');
  await closes(socket, 1000, '');
});

test('ws, a thousand messages in flight come back in order', async () => {
  const socket = new Ws(servers.plain.ws);
  await once(socket, 'open');
  let next = 0;
  const all = new Promise((done) => socket.on('message', (data) => {
    assert.equal(String(data), `message ${next}`);
    if (++next === 1000) done();
  }));
  for (let i = 0; i < 1000; i++) socket.send(`message ${i}`);
  await all;
  await closes(socket, 1000, '');
});

test('a server without compression declines it', async () => {
  const socket = new Ws(servers.bare.ws, { perMessageDeflate: { threshold: 0 } });
  await once(socket, 'open');
  assert.equal(socket.extensions, '');
  await echoes(socket, bytes(1000));
  await closes(socket, 1000, '');
});

for (const where of ['plain', 'tls'])
  test(`undici, ${where}`, async () => {
    const dispatcher = new Agent({ connect: { ca: tls.pem() } });
    const socket = new Undici(servers[where].ws, { dispatcher });
    socket.binaryType = 'arraybuffer';
    await once(socket, 'open');
    for (const size of SIZES) {
      const message = bytes(size);
      socket.send(message);
      const [{ data }] = await once(socket, 'message');
      assert.ok(Buffer.compare(Buffer.from(data), message) === 0, `${size} bytes came back changed`);
    }
    socket.send('text €');
    assert.equal((await once(socket, 'message'))[0].data, 'text €');
    socket.close(3000, 'done');
    const [end] = await once(socket, 'close');
    assert.deepEqual([end.code, end.wasClean], [3000, true]);
    await dispatcher.close();
  });

const PYTHON = `
import asyncio, ssl, sys, websockets
url, cafile, compression = sys.argv[1], sys.argv[2], sys.argv[3] or None
context = ssl.create_default_context(cafile=cafile) if url.startswith('wss') else None
async def main():
    async with websockets.connect(url, ssl=context, compression=compression, max_size=None) as ws:
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
        assert ws.close_code == 4000, ws.close_code
asyncio.run(main())
`;
for (const where of ['plain', 'tls'])
  for (const compression of ['', 'deflate'])
    test(`python3-websockets, ${where}, ${compression ? 'with' : 'without'} compression`, async () => {
      const url = servers[where].ws.replace('127.0.0.1', 'localhost');
      await promisify(execFile)('/usr/bin/python3', ['-c', PYTHON, where === 'tls' ? url : servers[where].ws, tls.cert, compression], { timeout: 60_000 });
    });
