// SPDX-License-Identifier: MIT
// Frames and messages that a hostile client sends, and what must come of them (security.md 7–13).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Peer, close, frame, stillServes } from '../support/wire.js';
import { startServer } from '../support/server.js';

let server;
before(async () => { server = await startServer('echo', ['--max-message', '100000', '--max-fragments', '50']); });
after(async () => { await server.stop(); });

/** Sends pieces on a fresh connection and expects the fail; an echo that was asked for before comes first. */
async function fails(code, pieces) {
  const peer = await Peer.open(server);
  peer.send(frame(1, 'before'));
  for (const piece of pieces) peer.send(piece);
  const frames = await peer.expectFail(code, assert);
  assert.deepEqual(frames.map((f) => f.payload.toString()), ['before'], 'what was due went out before the fail, and nothing else');
  await stillServes(server, assert);
}

const broken = {
  'a frame without a mask': [frame(1, 'x', { mask: null })],
  'an empty frame without a mask': [frame(1, '', { mask: null })],
  'reserved opcode 3': [frame(3, 'x')],
  'reserved opcode 7': [frame(7, 'x')],
  'reserved control opcode 11': [frame(11, 'x')],
  'reserved control opcode 15': [frame(15, 'x')],
  'RSV1 without an extension': [frame(1, 'x', { rsv: 4 })],
  'RSV2': [frame(1, 'x', { rsv: 2 })],
  'RSV3': [frame(2, 'x', { rsv: 1 })],
  'RSV1 on a ping': [frame(9, 'x', { rsv: 4 })],
  'a fragmented ping': [frame(9, 'x', { fin: false })],
  'a fragmented close': [frame(8, '', { fin: false })],
  'a ping of 126 bytes': [frame(9, 'x'.repeat(126))],
  'a continuation of nothing': [frame(0, 'x')],
  'a continuation after a whole message': [frame(0, 'x', { fin: false })],
  'a message inside a message': [frame(1, 'x', { fin: false }), frame(1, 'y')],
  'a length of 125 in 16 bits': [frame(1, 'x'.repeat(125), { form: 16 })],
  'a length of 65535 in 64 bits': [frame(1, 'x'.repeat(65535), { form: 64 })],
  'a length with bit 63': [frame(2, '', { length: 1n << 63n })],
  'a length of all ones': [frame(2, '', { length: (1n << 64n) - 1n })],
  'a close with one byte': [frame(8, 'x')],
  ...Object.fromEntries([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) => [`close code ${code}`, [close(code)]])),
};
for (const [name, pieces] of Object.entries(broken)) test(`${name} fails with 1002`, () => fails(1002, pieces));

test('a header alone is judged: the payload need not come', async () => {
  await fails(1002, [frame(3, 'xyz').subarray(0, 2)]);
});

const tooBig = {
  'one byte over the limit': [frame(2, '', { length: 100001 })],
  'a length around 2^31': [frame(2, '', { length: 2n ** 31n })],
  'a length around 2^32': [frame(2, '', { length: 2n ** 32n + 5n })],
  'a length just below 2^63': [frame(2, '', { length: 2n ** 63n - 1n })],
  'fragments that add up': [frame(2, Buffer.alloc(60000), { fin: false }), frame(0, '', { length: 40001 })],
};
for (const [name, pieces] of Object.entries(tooBig)) test(`${name} fails with 1009 from the header`, () => fails(1009, pieces));

const notUtf8 = {
  'a stray continuation byte': [[0x80]],
  'an overlong slash': [[0xc0, 0xaf]],
  'a surrogate': [[0xed, 0xa0, 0x80]],
  'above U+10FFFF': [[0xf4, 0x90]],
  'a lead byte that never was': [[0xff]],
  'a cut code point': [[0xe2, 0x82]],
};
for (const [name, [bytes]] of Object.entries(notUtf8)) {
  test(`${name} fails with 1007`, () => fails(1007, [frame(1, Buffer.from([0x61, ...bytes]))]));
  if (bytes.length > 1 && name !== 'a cut code point') {
    test(`${name}, over two fragments, fails before the message ends`, () =>
      fails(1007, [frame(1, Buffer.from(bytes.slice(0, 1)), { fin: false }), frame(0, Buffer.from(bytes.slice(1)), { fin: false })]));
  }
}

test('a bad byte fails at once, though its frame has not ended', async () => {
  const whole = frame(1, Buffer.concat([Buffer.from('ok '), Buffer.from([0xff]), Buffer.alloc(1000, 97)]));
  await fails(1007, [whole.subarray(0, 12)]);
});

test('a close reason that is not UTF-8 fails with 1007', () => fails(1007, [frame(8, Buffer.from([3, 232, 0xc3]))]));

test('a code point split over frames and segments passes', async () => {
  const peer = await Peer.open(server);
  const euro = Buffer.from('€uro 😀');
  for (let i = 0; i < euro.length; i++) {
    const f = frame(i ? 0 : 1, euro.subarray(i, i + 1), { fin: i === euro.length - 1 });
    for (const byte of f) peer.send(Buffer.from([byte]));
  }
  assert.equal((await peer.readFrame()).payload.toString(), '€uro 😀');
  peer.destroy();
});

test('pings between fragments are answered at once, the message comes whole', async () => {
  const peer = await Peer.open(server);
  peer.send(Buffer.concat([frame(1, 'a', { fin: false }), frame(9, 'p1'), frame(0, 'b', { fin: false }), frame(9, 'p2'), frame(0, 'c')]));
  const got = [await peer.readFrame(), await peer.readFrame(), await peer.readFrame()];
  assert.deepEqual(got.map((f) => [f.opcode, f.payload.toString()]), [[10, 'p1'], [10, 'p2'], [1, 'abc']]);
  peer.destroy();
});

test('endless empty fragments end with 1008', () =>
  fails(1008, [Buffer.concat([frame(1, '', { fin: false }), ...Array(60).fill(frame(0, '', { fin: false }))])]));

test('data after Close is ignored, Close is echoed with its code', async () => {
  const peer = await Peer.open(server);
  peer.send(Buffer.concat([close(4321, 'bye'), frame(1, 'too late'), frame(3, 'nonsense')]));
  const f = await peer.readFrame();
  assert.equal(f.opcode, 8);
  assert.equal(f.payload.readUInt16BE(0), 4321);
  assert.equal((await peer.readEnd()).length, 0);
  await stillServes(server, assert);
});

test('every close code that may be sent is answered with itself', async () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    const peer = await Peer.open(server);
    peer.send(close(code));
    assert.equal((await peer.readFrame()).payload.readUInt16BE(0), code);
    await peer.readEnd();
  }
});

test('a Close without a code is answered without one', async () => {
  const peer = await Peer.open(server);
  peer.send(frame(8));
  assert.equal((await peer.readFrame()).payload.length, 0);
  await peer.readEnd();
});

test('a message in one-byte segments passes', async () => {
  const peer = await Peer.open(server);
  for (const byte of frame(2, 'x'.repeat(300))) peer.send(Buffer.from([byte]));
  assert.equal((await peer.readFrame()).payload.length, 300);
  peer.destroy();
});

test('a flood of pings ends with 1008', async () => {
  const peer = await Peer.open(server);
  peer.send(Buffer.concat(Array(5000).fill(frame(9, 'x'))));
  let pongs = 0;
  for (;;) {
    const f = await peer.readFrame();
    assert.ok(f, 'a Close comes before the end');
    if (f.opcode === 8) {
      assert.equal(f.payload.readUInt16BE(0), 1008);
      break;
    }
    assert.equal(f.opcode, 10);
    pongs++;
  }
  assert.ok(pongs >= 100 && pongs < 5000, `${pongs} pongs`);
  peer.destroy();
  await stillServes(server, assert);
});

test('frames that came with the request are served', async () => {
  const peer = await Peer.connect(server);
  const { upgrade } = await import('../support/wire.js');
  peer.send(Buffer.concat([Buffer.from(upgrade()), frame(1, 'eager')]));
  assert.match(await peer.readHead(), /^HTTP\/1.1 101 /);
  assert.equal((await peer.readFrame()).payload.toString(), 'eager');
  peer.destroy();
});
