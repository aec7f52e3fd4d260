// SPDX-License-Identifier: MIT
// Clients of `godwit serve` as tests need them: JSON over HTTP, a `godwit.v1` connection, a streamed answer.

import { once } from 'node:events';
import { WebSocket } from 'ws';

const LATE_MS = 15_000;

export const channelPath = (channel) => `/channels/${channel.split('/').map(encodeURIComponent).join('/')}`;

/** One request: {status, type, headers, body}; a JSON body comes as what it says. */
export async function ask(server, method, path, { body, headers = {} } = {}) {
  const answer = await fetch(server.url + path, { method, body, headers });
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  return { status: answer.status, type, headers: answer.headers, body: /json/.test(type) && text ? JSON.parse(text) : text };
}

/** Things that come one after the other, and somebody who waits for one of them. */
class Queue {
  #items = [];
  #wake = () => {};
  #end;

  put(item) {
    this.#items.push(item);
    this.#wake();
  }

  end(why) {
    this.#end = why;
    this.#wake();
  }

  /** The first that fits, from where the last one stood; what comes before it is passed over. */
  async next(fits, what) {
    const timer = setTimeout(() => this.end(`nothing came for ${LATE_MS} ms`), LATE_MS);
    try {
      for (const passed = []; ;) {
        while (this.#items.length) {
          const item = this.#items.shift();
          if (fits(item)) return item;
          passed.push(item);
        }
        if (this.#end) throw new Error(`${this.#end} before ${what}; passed over: ${JSON.stringify(passed)}`);
        await new Promise((resolve) => { this.#wake = resolve; });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A `godwit.v1` connection. A line is {head, body, isBinary}. */
export class Talker {
  #lines = new Queue();

  constructor(url, headers) {
    this.socket = new WebSocket(url, 'godwit.v1', { headers });
    this.socket.on('upgrade', (answer) => { this.headers = answer.headers; });
    this.socket.on('message', (data, isBinary) => {
      const end = data.indexOf(10);
      const head = (end < 0 ? data : data.subarray(0, end)).toString();
      const body = end < 0 ? undefined : data.subarray(end + 1);
      this.#lines.put({ head, body: isBinary ? body : body?.toString(), isBinary });
    });
    this.socket.on('error', (error) => this.#lines.end(error.message));
    this.closed = once(this.socket, 'close').then(([code, reason]) => {
      this.#lines.end(`closed with ${code}`);
      return { code, reason: reason.toString() };
    });
    this.closed.catch(() => {});
  }

  /** Connected and welcomed; `welcome` has its words. */
  static async open(server, path = '/ws', headers = {}) {
    const talker = new Talker(server.ws + path, headers);
    talker.welcome = words((await talker.next(/^welcome /)).head);
    talker.session = talker.welcome.session;
    return talker;
  }

  say(head, body) {
    this.socket.send(body === undefined ? head : `${head}\n${body}`);
    return this;
  }

  next(pattern) {
    return this.#lines.next((line) => pattern.test(line.head), pattern);
  }

  /** Subscribes, and waits for the answer. */
  async sub(channel, options = '') {
    return words((await this.say(`sub ${encodeURIComponent(channel)}${options}`).next(/^(subscribed|error) /)).head);
  }

  async close() {
    this.socket.close(1000);
    return this.closed;
  }
}

/** The options of a header line. */
export const words = (head) => Object.fromEntries(head.split(' ').map((word) => word.split(/=(.*)/s).slice(0, 2)).filter((pair) => pair.length === 2));

/** A GET whose answer goes on: its lines. `end` resolves when the server ends it, with whether it did so cleanly. */
export class Stream {
  #lines = new Queue();
  #abort = new AbortController();

  static async open(server, path, headers = {}) {
    const stream = new Stream();
    const answer = await fetch(server.url + path, { headers, signal: stream.#abort.signal });
    stream.status = answer.status;
    stream.headers = answer.headers;
    stream.session = answer.headers.get('godwit-session');
    stream.end = stream.#read(answer.body);
    return stream;
  }

  async #read(body) {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const bytes of body) {
        text += decoder.decode(bytes, { stream: true });
        const lines = text.split('\n');
        text = lines.pop();
        lines.forEach((line) => this.#lines.put(line));
      }
      return true;
    } catch {
      return false;
    } finally {
      this.#lines.end('the answer ended');
    }
  }

  next(pattern) {
    return this.#lines.next((line) => pattern.test(line), pattern);
  }

  close() {
    this.#abort.abort();
    return this.end;
  }
}

/** Until `look` gives something true: for what no event tells, such as what the server does after a connection has gone. */
export async function eventually(look, what) {
  const deadline = Date.now() + LATE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come to be within ${LATE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
