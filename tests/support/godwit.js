// SPDX-License-Identifier: MIT
// A client that speaks godwit.v1 line by line, and remembers what it has not been asked about yet.

import { WebSocket } from 'ws';
import { Queue } from './queue.js';

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
  #inbox = new Queue();

  constructor(url, { protocol = 'godwit.v1', ...options } = {}) {
    this.socket = new WebSocket(url, protocol ? [protocol] : [], options);
    this.socket.on('message', (data, isBinary) => this.#inbox.put(parse(isBinary ? data : data.toString(), isBinary)));
    this.socket.on('upgrade', (answer) => { this.headers = answer.headers; });
    this.socket.on('error', (error) => this.#inbox.end(error.message));
    this.closed = new Promise((resolve) => this.socket.on('close', (code, reason) => {
      this.#inbox.end(`closed with ${code} ${reason}`);
      resolve({ code, reason: reason.toString() });
    }));
  }

  /** Open and welcome; `welcome` has what it was told. */
  static async open(server, path = '/ws', options = {}) {
    const talker = new Talker(server.ws + path, options);
    talker.welcome = await talker.next();
    if (talker.welcome.words[0] !== 'welcome') throw new Error(`no welcome but: ${talker.welcome.line}`);
    talker.session = talker.welcome.options.session;
    return talker;
  }

  say(message, body) {
    this.socket.send(body === undefined ? message : `${message}\n${body}`);
    return this;
  }

  /** The next message, or the next whose header line fits; those before it are passed over. */
  next(pattern) {
    return this.#inbox.next(pattern && ((message) => pattern.test(message.line)), pattern);
  }

  /** The next message that begins with one of these words; those before it are passed over. */
  until(...verbs) {
    return this.#inbox.next((message) => verbs.includes(message.words[0]), verbs.join(' or '));
  }

  /** The header line of the next message. */
  async line() {
    return (await this.next()).line;
  }

  /** Says it, and gives the answer: the first message with this id. */
  ask(message, id) {
    this.say(message);
    return this.#inbox.next((answer) => answer.options.id === id, `the answer ${id}`);
  }

  /** Subscribes, and gives the options of the answer. */
  async sub(channel, options = '') {
    return (await this.say(`sub ${encodeURIComponent(channel)}${options}`).until('subscribed', 'error')).options;
  }

  /** What has come and has not been asked for. */
  rest() {
    return this.#inbox.rest();
  }

  close(code = 1000) {
    this.socket.close(code);
    return this.closed;
  }

  /** Cuts the connection without a word. */
  cut() {
    this.socket.terminate();
    return this.closed;
  }
}
