// SPDX-License-Identifier: MIT
// A client of an answer that goes on, made of bytes: takes the chunks of HTTP/1.1 apart itself, so that a test sees what was framed how.

import net from 'node:net';
import { LATE_MS } from './queue.js';

/** Cuts whole chunks off the front; `isLast`: the last one was among them. */
function unchunk(bytes) {
  const chunks = [];
  for (;;) {
    const eol = bytes.indexOf('\r\n');
    if (eol < 0) return { chunks, rest: bytes };
    const line = bytes.toString('latin1', 0, eol);
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`no chunk size: ${JSON.stringify(line)}`);
    const n = parseInt(line, 16);
    const end = eol + 2 + n;
    if (bytes.length < end + 2) return { chunks, rest: bytes };
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk does not end in CRLF');
    if (n === 0) return { chunks, rest: bytes.subarray(end + 2), isLast: true };
    chunks.push(bytes.subarray(eol + 2, end));
    bytes = bytes.subarray(end + 2);
  }
}

/** Events of text/event-stream as WHATWG HTML 9.2.6 reads them, comments and all. */
export class EventReader {
  events = [];
  comments = [];
  lastId = '';
  retry = undefined;
  #rest = '';
  #data = [];
  #type = '';

  add(text) {
    this.#rest += text;
    for (;;) {
      const end = /\r\n|\n|\r(?=[^\n])/.exec(this.#rest);
      if (!end) return;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      this.#line(line);
    }
  }

  #line(line) {
    if (line === '') {
      if (this.#data.length) this.events.push({ id: this.lastId, type: this.#type || 'message', data: this.#data.join('\n') });
      this.#data = [];
      this.#type = '';
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) { this.comments.push(line.slice(1)); return; }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    if (name === 'event') this.#type = value;
    if (name === 'id') this.lastId = value;
    if (name === 'retry') this.retry = Number(value);
  }
}

export class Feed {
  chunks = [];
  text = '';
  ended = false; // the body is whole, or the connection closed
  isWhole = false; // the last chunk came
  #raw = Buffer.alloc(0);
  #lines = [];
  #parsed = 0; // of the text, as JSON lines
  #passed = 0; // of the text, by next()
  #wakers = [];

  /**
   * Asks for `path` and waits for the head of the answer.
   * @param {{host: string, port: number}} server
   * @param {{accept?: string, method?: string, version?: string, fields?: Record<string, string>}} [options]
   */
  static async open(server, path, { accept, method = 'GET', version = 'HTTP/1.1', fields = {} } = {}) {
    const feed = new Feed();
    const all = { Host: 'localhost', ...(accept ? { Accept: accept } : {}), ...fields };
    feed.socket = net.connect(server.port, server.host);
    feed.socket.on('data', (data) => { feed.#add(data); feed.#wake(); });
    feed.socket.on('close', () => { feed.ended = feed.closed = true; feed.#wake(); });
    feed.socket.on('error', () => {});
    feed.socket.write(`${method} ${path} ${version}\r\n${Object.entries(all).map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
    await feed.until(() => feed.head ?? (feed.closed || undefined), 'the head of the answer');
    if (!feed.head) throw new Error('the connection ended before an answer');
    return feed;
  }

  #add(data) {
    this.#raw = Buffer.concat([this.#raw, data]);
    if (!this.head) {
      const end = this.#raw.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.#raw.toString('latin1', 0, end);
      this.status = Number(this.head.split(' ')[1]);
      this.#raw = this.#raw.subarray(end + 4);
    }
    if (this.header('transfer-encoding') !== 'chunked') {
      this.#take(this.#raw);
      this.#raw = Buffer.alloc(0);
      return;
    }
    const { chunks, rest, isLast } = unchunk(this.#raw);
    chunks.forEach((chunk) => this.#take(chunk));
    this.#raw = rest;
    if (isLast) this.ended = this.isWhole = true;
  }

  #take(bytes) {
    if (!bytes.length) return;
    this.chunks.push(bytes);
    this.text += bytes.toString('utf8'); // chunks hold whole characters
    this.reader?.add(bytes.toString('utf8'));
  }

  #wake() { this.#wakers.splice(0).forEach((wake) => wake()); }

  get session() { return this.header('godwit-session'); }

  header(name) {
    return new RegExp(`^${name}: *(.*)$`, 'im').exec(this.head)?.[1];
  }

  /** As text/event-stream from here on (and all that came). */
  get sse() {
    if (!this.reader) {
      this.reader = new EventReader();
      this.reader.add(this.text);
    }
    return this.reader;
  }

  /** As JSON lines, heartbeats left out. */
  get lines() {
    for (let end; (end = this.text.indexOf('\n', this.#parsed)) >= 0; this.#parsed = end + 1)
      if (end > this.#parsed) this.#lines.push(JSON.parse(this.text.slice(this.#parsed, end)));
    return this.#lines;
  }

  /** Waits until `take()` gives something. */
  async until(take, what = 'what is awaited', ms = LATE_MS) {
    const deadline = Date.now() + ms;
    for (;;) {
      const value = take();
      if (value !== undefined && value !== false) return value;
      if (this.closed) throw new Error(`the connection ended before ${what}; so far: ${JSON.stringify(this.text.slice(-300))}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${what} did not come within ${ms} ms; so far: ${JSON.stringify(this.text.slice(-300))}`);
      let timer;
      await new Promise((ok) => { this.#wakers.push(ok); timer = setTimeout(ok, left); });
      clearTimeout(timer);
    }
  }

  /** The next line that fits, its end left out; those before it are passed over. */
  next(pattern) {
    return this.until(() => {
      for (let end; (end = this.text.indexOf('\n', this.#passed)) >= 0;) {
        const line = this.text.slice(this.#passed, end);
        this.#passed = end + 1;
        if (pattern.test(line)) return line;
      }
    }, pattern);
  }

  async events(n) {
    await this.until(() => this.sse.events.length >= n, `event ${n}`);
    return this.sse.events;
  }

  async publications(n) {
    await this.until(() => this.lines.length >= n, `line ${n}`);
    return this.lines;
  }

  async end() {
    await this.until(() => this.ended, 'the end');
    return this;
  }

  close() { this.socket.destroy(); }
}
