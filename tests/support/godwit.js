// SPDX-License-Identifier: MIT
// A client that speaks godwit.v1 line by line, and remembers what it has not been asked about yet.

import { WebSocket } from 'ws';

/** A message as it came, cut into its words and options. */
export function parse(data, isBinary = false) {
  const end = data.indexOf(isBinary ? 10 : '\n');
  const line = (end < 0 ? data : data.subarray ? data.subarray(0, end) : data.slice(0, end)).toString();
  const body = end < 0 ? undefined : data.subarray ? data.subarray(end + 1) : data.slice(end + 1);
  const words = [], options = {};
  for (const word of line.split(' ')) {
    const equals = word.indexOf('=');
    if (equals > 0 && words.length > 0) options[word.slice(0, equals)] = decodeURIComponent(word.slice(equals + 1));
    else words.push(decodeURIComponent(word));
  }
  return { line, words, options, body };
}

export class Talker {
  #inbox = [];
  #wakers = [];

  constructor(url, { protocol = 'godwit.v1', ...options } = {}) {
    this.socket = new WebSocket(url, protocol ? [protocol] : [], options);
    this.socket.on('message', (data, isBinary) => {
      this.#inbox.push(parse(isBinary ? data : data.toString(), isBinary));
      this.#wake();
    });
    this.socket.on('upgrade', (answer) => { this.answer = answer; });
    this.socket.on('error', (error) => { this.error = error; });
    this.closed = new Promise((resolve) => this.socket.on('close', (code, reason) => {
      this.end = { code, reason: reason.toString() || String(this.error ?? '') };
      this.#wake();
      resolve(this.end);
    }));
  }

  /** Open and welcome; `welcome` has what it was told. */
  static async open(url, options) {
    const talker = new Talker(url, options);
    talker.welcome = await talker.next();
    if (talker.welcome.words[0] !== 'welcome') throw new Error(`no welcome but: ${talker.welcome.line}`);
    return talker;
  }

  #wake() {
    for (const waker of this.#wakers.splice(0)) waker();
  }

  say(message) {
    this.socket.send(message);
    return this;
  }

  /** The next message. */
  async next() {
    while (!this.#inbox.length) {
      if (this.end) throw new Error(`closed with ${this.end.code} ${this.end.reason} while a message was awaited`);
      await new Promise((resolve) => this.#wakers.push(resolve));
    }
    return this.#inbox.shift();
  }

  /** The next message that begins with one of these words; those before it are passed over. */
  async until(...verbs) {
    for (;;) {
      const message = await this.next();
      if (verbs.includes(message.words[0])) return message;
    }
  }

  /** The header line of the next message. */
  async line() {
    return (await this.next()).line;
  }

  /** Says it, and gives the answer: the first message with this id. */
  async ask(message, id) {
    this.say(message);
    for (;;) {
      const answer = await this.next();
      if (answer.options.id === id) return answer;
    }
  }

  /** What has come and has not been asked for. */
  rest() {
    return this.#inbox.splice(0);
  }

  async close(code = 1000) {
    this.socket.close(code);
    await this.closed;
  }

  /** Cuts the connection without a word. */
  async cut() {
    this.socket.terminate();
    await this.closed;
  }
}
