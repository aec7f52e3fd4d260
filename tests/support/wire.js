// SPDX-License-Identifier: MIT
// A peer made of bytes: says exactly what a test wants and tells what came back. No WebSocket library in between.

import net from 'node:net';
import { LATE_MS } from './queue.js';

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** An upgrade request; `fields` replaces (string), removes (null) or repeats (array) header fields. */
export function upgrade({ path = '/', method = 'GET', version = 'HTTP/1.1', fields = {}, extra = '' } = {}) {
  const all = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : (Array.isArray(value) ? value : [value]).map((v) => `${name}: ${v}\r\n`));
  return `${method} ${path} ${version}\r\n${lines.join('')}${extra}\r\n`;
}

/** A frame as a client sends it. `length` lies about the length; `mask: null` leaves the mask out. */
export function frame(opcode, payload = '', { fin = true, rsv = 0, mask = [1, 2, 3, 4], length, form } = {}) {
  const data = Buffer.from(payload);
  const n = length ?? data.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const bit = mask ? 0x80 : 0;
  const size = form ?? (n < 126 ? 7 : n < 65536 ? 16 : 64);
  if (size === 7) head.push(bit | Number(n));
  else if (size === 16) head.push(bit | 126, (Number(n) >> 8) & 255, Number(n) & 255);
  else {
    const b = Buffer.alloc(8);
    b.writeBigUInt64BE(BigInt(n));
    head.push(bit | 127, ...b);
  }
  if (!mask) return Buffer.concat([Buffer.from(head), data]);
  return Buffer.concat([Buffer.from([...head, ...mask]), Buffer.from(data.map((c, i) => c ^ mask[i % 4]))]);
}

export const close = (code, reason = '') => {
  const b = Buffer.alloc(2);
  b.writeUInt16BE(code);
  return frame(8, Buffer.concat([b, Buffer.from(reason)]));
};

/** Cuts a server's frames off the front of `bytes`; gives them and what is left. */
export function frames(bytes) {
  const found = [];
  for (;;) {
    if (bytes.length < 2) break;
    let n = bytes[1] & 127, at = 2;
    if (n === 126) { if (bytes.length < 4) break; n = bytes.readUInt16BE(2); at = 4; }
    if (n === 127) { if (bytes.length < 10) break; n = Number(bytes.readBigUInt64BE(2)); at = 10; }
    if (bytes.length < at + n) break;
    found.push({ fin: bytes[0] >> 7, rsv: (bytes[0] >> 4) & 7, opcode: bytes[0] & 15, masked: bytes[1] >> 7,
      payload: bytes.subarray(at, at + n) });
    bytes = bytes.subarray(at + n);
  }
  return { found, rest: bytes };
}

export class Peer {
  /** @param {{host: string, port: number}} server */
  static async connect(server) {
    const peer = new Peer();
    peer.socket = net.connect(server.port, server.host);
    peer.received = Buffer.alloc(0);
    peer.ended = false;
    peer.waiters = [];
    const wake = () => peer.waiters.splice(0).forEach((w) => w());
    peer.socket.on('data', (d) => { peer.received = Buffer.concat([peer.received, d]); wake(); });
    peer.socket.on('end', () => { peer.ended = true; wake(); });
    peer.socket.on('close', () => { peer.ended = true; peer.closed = true; wake(); });
    peer.socket.on('error', (e) => { peer.error = e.code; });
    await new Promise((ok) => peer.socket.once('connect', ok));
    peer.socket.setNoDelay(true);
    return peer;
  }

  /** Connected and upgraded; the answer's head is in `head`. */
  static async open(server, options = {}) {
    const peer = await Peer.connect(server);
    peer.send(upgrade(options));
    peer.head = await peer.readHead();
    if (!peer.head.startsWith('HTTP/1.1 101 ')) throw new Error(`not upgraded:\n${peer.head}`);
    return peer;
  }

  send(bytes) { this.socket.write(bytes); return this; }

  /** Waits until `take()` gives something; undefined where the peer ends before. */
  async until(take, what = 'an answer', ms = LATE_MS) {
    const deadline = Date.now() + ms;
    for (;;) {
      const value = take();
      if (value !== undefined) return value;
      if (this.ended) return undefined;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${what} did not come within ${ms} ms; so far: ${JSON.stringify(this.received.toString('latin1').slice(0, 300))}`);
      let timer;
      await new Promise((ok) => { this.waiters.push(ok); timer = setTimeout(ok, left); });
      clearTimeout(timer);
    }
  }

  async readHead() {
    return (await this.until(() => {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const head = this.received.subarray(0, end + 4).toString('latin1');
      this.received = this.received.subarray(end + 4);
      return head;
    }, 'a head')) ?? '';
  }

  /** A whole answer with its Content-Length body. */
  async readAnswer() {
    const head = await this.readHead();
    const status = Number(head.slice(9, 12));
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const body = await this.until(() => {
      if (this.received.length < length) return undefined;
      const b = this.received.subarray(0, length);
      this.received = this.received.subarray(length);
      return b;
    }, 'a body');
    return { status, head, body: body?.toString() };
  }

  /** The next frame; undefined at the end. */
  readFrame(ms) {
    return this.until(() => {
      const { found } = frames(this.received);
      if (!found.length) return undefined;
      const [first] = found;
      const size = first.payload.byteOffset - this.received.byteOffset + first.payload.length;
      this.received = this.received.subarray(size);
      return first;
    }, 'a frame', ms);
  }

  /** All until the other side ends: every byte that still came. */
  async readEnd(ms = LATE_MS) {
    await this.until(() => (this.ended ? true : undefined), 'the end', ms);
    return this.received;
  }

  /** Expects Close with this code, and then the TCP end. Gives the frames before it. */
  async expectFail(code, assert) {
    const before = [];
    for (;;) {
      const f = await this.readFrame();
      assert.ok(f, `ended without a Close frame, after ${before.length} frames (${this.error ?? 'FIN'})`);
      if (f.opcode === 8) {
        assert.equal(f.payload.length ? f.payload.readUInt16BE(0) : 1005, code);
        break;
      }
      before.push(f);
    }
    const rest = await this.readEnd();
    assert.equal(rest.length, 0, 'nothing comes after Close');
    this.destroy();
    return before;
  }

  destroy() { this.socket.destroy(); }
}

/** A fresh connection works: what must hold after every misdeed. */
export async function stillServes(server, assert) {
  const peer = await Peer.open(server);
  peer.send(frame(1, 'still there?'));
  const f = await peer.readFrame();
  assert.equal(f.payload.toString(), 'still there?');
  peer.destroy();
}
