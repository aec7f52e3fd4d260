// SPDX-License-Identifier: MIT
// The opening handshake and HTTP/1.1 heads as an attacker writes them (security.md 2–5).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KEY, Peer, frame, stillServes, upgrade } from '../support/wire.js';
import { startServer } from '../support/server.js';

let server;
before(async () => { server = await startServer('echo'); });
after(async () => { await server.stop(); });

/** Sends a request (and a second, pipelined one) and expects the refusal, the end, and no second answer. */
async function refused(status, request) {
  const peer = await Peer.connect(server);
  peer.send(Buffer.from(request, 'latin1'));
  peer.send(upgrade({ path: '/second' }));
  const answer = await peer.readAnswer();
  assert.equal(answer.status, status, answer.head);
  assert.match(answer.head, /^connection: close\r$/im);
  assert.equal((await peer.readEnd()).length, 0, 'the second request is not served');
  await stillServes(server, assert);
  return answer;
}

test('the answer is the RFC’s own example', async () => {
  const peer = await Peer.open(server);
  assert.match(peer.head, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im);
  assert.match(peer.head, /^Upgrade: websocket\r$/im);
  assert.match(peer.head, /^Connection: Upgrade\r$/im);
  peer.destroy();
});

const bad400 = {
  'no key': upgrade({ fields: { 'Sec-WebSocket-Key': null } }),
  'two keys': upgrade({ fields: { 'Sec-WebSocket-Key': [KEY, KEY] } }),
  'a short key': upgrade({ fields: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub24=' } }),
  'a long key': upgrade({ fields: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZWFh' } }),
  'a key that is not base64': upgrade({ fields: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j*Q==' } }),
  'HTTP/1.0': upgrade({ version: 'HTTP/1.0' }),
  'no Host': upgrade({ fields: { Host: null } }),
  'two Hosts': upgrade({ fields: { Host: ['a', 'a'] } }),
  'a blank before the colon': upgrade({ extra: 'X-Test : 1\r\n' }),
  'an obs-fold': upgrade({ extra: 'X-Test: 1\r\n 2\r\n' }),
  'a bare LF': upgrade().replace('\r\n', '\n'),
  'a bare CR in a value': upgrade({ extra: 'X-Test: a\rb\r\n' }),
  'a NUL in a value': upgrade({ extra: 'X-Test: a\0b\r\n' }),
  'a field without a name': upgrade({ extra: ': x\r\n' }),
  'a line without a colon': upgrade({ extra: 'nonsense\r\n' }),
  'both lengths': upgrade({ extra: 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n' }),
  'differing lengths': upgrade({ extra: 'Content-Length: 3\r\nContent-Length: 4\r\n' }),
  'a negative length': upgrade({ extra: 'Content-Length: -1\r\n' }),
  'a signed length': upgrade({ extra: 'Content-Length: +3\r\n' }),
  'a length in hex': upgrade({ extra: 'Content-Length: 0x3\r\n' }),
  'two blanks in the request line': upgrade().replace('GET /', 'GET  /'),
  'a target that is no path': upgrade({ path: 'nonsense' }),
  'a control character in the target': upgrade({ path: '/a\x01b' }),
  'duplicate subprotocols': upgrade({ fields: { 'Sec-WebSocket-Protocol': 'chat, chat' } }),
  'a bad chunk size': upgrade({ method: 'POST', extra: 'Transfer-Encoding: chunked\r\n' }) + 'zz\r\n',
};
for (const [name, request] of Object.entries(bad400)) test(`${name}: 400`, () => refused(400, request));

test('version 8: 426, and which one is spoken', async () => {
  const answer = await refused(426, upgrade({ fields: { 'Sec-WebSocket-Version': '8' } }));
  assert.match(answer.head, /^sec-websocket-version: 13\r$/im);
});
test('no version: 426', () => refused(426, upgrade({ fields: { 'Sec-WebSocket-Version': null } })));
test('POST: 405', () => refused(405, upgrade({ method: 'POST', extra: 'Content-Length: 0\r\n' })));
test('a request line over 8 KiB: 414, before its end', async () => {
  await refused(414, `GET /${'a'.repeat(9000)}`);
});
test('a head over 16 KiB: 431', () => refused(431, upgrade({ extra: `X-Big: ${'b'.repeat(17000)}\r\n` })));
test('more than 100 fields: 431', () => refused(431, upgrade({ extra: 'X: y\r\n'.repeat(120) })));
test('HTTP/2.0 in the request line: 505', () => refused(505, upgrade({ version: 'HTTP/2.0' })));

test('Connection is a list, tokens in any case', async () => {
  const peer = await Peer.open(server, { fields: { Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' } });
  peer.destroy();
});

test('Upgrade: h2c is not a WebSocket', async () => {
  const peer = await Peer.connect(server);
  peer.send(upgrade({ fields: { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' } }));
  assert.notEqual((await peer.readAnswer()).status, 101);
  peer.destroy();
});

test('thousands of extension and subprotocol tokens cost no more than their bytes', async () => {
  const many = Array.from({ length: 1500 }, (_, i) => `x${i}`).join(',');
  const peer = await Peer.open(server, { fields: { 'Sec-WebSocket-Extensions': many } });
  peer.destroy();
  const blanks = await Peer.open(server, { fields: { 'Sec-WebSocket-Extensions': `${','.repeat(4000)} permessage-deflate${' '.repeat(4000)}` } });
  assert.match(blanks.head, /permessage-deflate/);
  blanks.destroy();
});

test('the same request in any pieces gets the same answer', async () => {
  const request = Buffer.from(upgrade());
  for (const cut of [1, 3, 16, 17, 40, request.length - 3, request.length - 1]) {
    const peer = await Peer.connect(server);
    peer.send(request.subarray(0, cut));
    await new Promise(setImmediate);
    peer.send(request.subarray(cut));
    assert.match(await peer.readHead(), /^HTTP\/1.1 101 /);
    peer.destroy();
  }
});

test('an offer in every legal form is met or declined, never half', async () => {
  const agreed = {
    'permessage-deflate': /^permessage-deflate/,
    'permessage-deflate; client_max_window_bits': /^permessage-deflate/,
    'permessage-deflate; client_max_window_bits=10': /client_max_window_bits=10|permessage-deflate/,
    'permessage-deflate; server_max_window_bits=9': /server_max_window_bits=9/,
    'permessage-deflate; server_no_context_takeover': /server_no_context_takeover/,
    'permessage-deflate; client_no_context_takeover': /permessage-deflate/,
    'permessage-deflate; nonsense, permessage-deflate': /^permessage-deflate/,
    'permessage-deflate; server_max_window_bits="10"': /server_max_window_bits=10/,
  };
  for (const [offer, expected] of Object.entries(agreed)) {
    const peer = await Peer.open(server, { fields: { 'Sec-WebSocket-Extensions': offer } });
    assert.match(/^sec-websocket-extensions: (.*)\r$/im.exec(peer.head)?.[1] ?? '', expected, offer);
    peer.destroy();
  }
  const declined = ['permessage-deflate; server_max_window_bits=7', 'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits', 'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_max_window_bits=08', 'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'x-webkit-deflate-frame'];
  for (const offer of declined) {
    const peer = await Peer.open(server, { fields: { 'Sec-WebSocket-Extensions': offer } });
    assert.doesNotMatch(peer.head, /sec-websocket-extensions/i, offer);
    peer.send(frame(1, 'plain'));
    assert.equal((await peer.readFrame()).payload.toString(), 'plain');
    peer.destroy();
  }
});

test('a compressed bomb stops at the limit with 1009', async () => {
  const small = await startServer('echo', ['--max-message', '65536']);
  const { deflateRawSync, constants } = await import('node:zlib');
  const packed = deflateRawSync(Buffer.alloc(50 << 20), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const peer = await Peer.open(small, { fields: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } });
  peer.send(frame(2, packed, { rsv: 4 }));
  await peer.expectFail(1009, assert);
  await stillServes(small, assert);
  await small.stop();
});

test('corrupt compressed data fails with 1007', async () => {
  const peer = await Peer.open(server, { fields: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } });
  peer.send(frame(2, Buffer.from([0xff, 0xff, 0xff, 0xff]), { rsv: 4 }));
  await peer.expectFail(1007, assert);
  await stillServes(server, assert);
});
