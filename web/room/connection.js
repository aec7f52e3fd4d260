// SPDX-License-Identifier: MIT
// Keeps one room connected: a poll for what was said, a WebSocket for what is being said, and both again after a loss.
//
// A raw frame carries a payload and no cursor, and a cursor is opaque. So the connection remembers the cursor of the last poll and
// how many frames came after it: the next poll from that cursor repeats exactly those, and they are dropped. Invariant: the
// first `#since` publications after `#cursor` have been delivered, no later one has.
//
// A message that we send is ours to look after until it comes back. Where the connection ended in between, the poll that follows tells
// whether it had arrived; if not, it is sent again.

import { payloadOf } from './words.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const STEADY_MS = 5_000; // open for so long, a connection counts as good and the waits start small again
const ANSWER_MS = 8_000; // a request or handshake without an answer for so long has failed
const CHECK_EVERY_MS = 30_000;
const ARRIVAL_MS = 3_000; // a publication that a poll shows must arrive as a frame within this
const MAX_OUTBOX = 50; // typing while the server is away must not grow without end

const TOO_BIG = 1009;

/** Whether a connection that closed with this code may be opened again by itself. */
function isTemporary(code) {
  return [1001, 1005, 1006, TOO_BIG, 1011, 1012, 1013, 1014].includes(code) || (code >= 4500 && code <= 4599);
}

class Refused extends Error {}

/**
 * @typedef {object} Listener
 * @property {(payload: string|Uint8Array, time: Date, mine: boolean) => void} publication
 * @property {(state: {is: 'connecting'|'live'|'waiting'|'stopped', until?: number, reason?: string}) => void} state
 * @property {(missed: number|null) => void} gap  so many publications are lost to us; null: the history began anew
 * @property {(outbox: ReadonlyArray<Outgoing>) => void} outbox
 *
 * @typedef {object} Outgoing
 * @property {number} id
 * @property {string} text
 * @property {'queued'|'sent'|'unsure'|'refused'} is
 */

export class Connection {
  #http;
  #ws;
  #on;
  #cursor = null;
  #since = 0;
  #again = 0; // frames to come that have been delivered already
  #socket = null;
  #turn = 0; // grows with each attempt: what an older one still has under way no longer counts
  #failures = 0;
  #timers = new Map();
  #outbox = [];
  #nextId = 1;
  #isChecking = false;

  /** @param {{http: string, ws: string}} urls  @param {Listener} listener */
  constructor(urls, listener) {
    this.#http = urls.http;
    this.#ws = urls.ws;
    this.#on = listener;
  }

  /** Connect now: at first, and instead of waiting any longer. */
  async open() {
    const turn = ++this.#turn;
    this.#socket?.close();
    this.#socket = null;
    this.#cancelAll();
    this.#on.state({ is: 'connecting' });
    const page = await this.#poll().catch((error) => error);
    if (turn !== this.#turn) return;
    if (page instanceof Refused) return this.#stop(page.message);
    if (page instanceof Error) return this.#wait();
    this.#catchUp(page);
    this.#attach(turn);
  }

  /** Publish a text, now or as soon as there is a connection. False where too many wait already. */
  send(text) {
    if (this.#outbox.length >= MAX_OUTBOX) return false;
    this.#outbox.push({ id: this.#nextId++, text, is: 'queued' });
    this.#flush();
    return true;
  }

  sendAgain(id) {
    for (const item of this.#outbox) if (item.id === id) item.is = 'queued';
    this.#flush();
  }

  discard(id) {
    this.#outbox = this.#outbox.filter((item) => item.id !== id);
    this.#on.outbox(this.#outbox);
  }

  /** Something hints that the network has changed: find out whether this connection still lives. */
  async check() {
    if (this.#timers.has('retry')) return this.open();
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || this.#isChecking) return;
    this.#isChecking = true;
    try {
      const page = await this.#poll();
      if (socket === this.#socket && !(await this.#agrees(page))) this.#drop(socket);
    } catch {
      this.#drop(socket);
    } finally {
      this.#isChecking = false;
    }
  }

  // Whether the frames have brought what a poll shows, at once or within a moment.
  async #agrees(page) {
    if (page.recovered === false && page.missed === undefined) return false;
    const count = page.publications.length + (page.missed ?? 0);
    if (count <= this.#since) {
      this.#cursor = page.cursor;
      this.#since -= count;
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
    return this.#since >= count;
  }

  async #poll(cursor = this.#cursor) {
    const url = cursor === null ? this.#http : `${this.#http}?after=${encodeURIComponent(cursor)}`;
    const answer = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.ok) return answer.json();
    // A cursor that this server cannot read is another server's, or another version's: as good as lost.
    if (answer.status === 400 && cursor !== null) return { ...(await this.#poll(null)), recovered: false };
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429) throw new Error(answer.statusText);
    throw new Refused(`the server answered ${answer.status} ${answer.statusText}`.trim());
  }

  // `missed` counts what the history has dropped since our cursor, of which the frames may have brought some or all; a history
  // that cannot say is another one than we knew.
  #catchUp(page) {
    const isAnew = this.#cursor !== null && page.recovered === false && page.missed === undefined;
    const known = isAnew ? 0 : this.#since - (page.missed ?? 0);
    if (isAnew) this.#on.gap(null);
    else if (known < 0) this.#on.gap(-known);
    for (const publication of page.publications.slice(Math.max(0, known)))
      this.#deliver(payloadOf(publication), new Date(publication.time));
    this.#cursor = page.cursor;
    this.#since = 0;
    this.#again = Math.max(0, known - page.publications.length);
  }

  #attach(turn) {
    const socket = new WebSocket(`${this.#ws}?after=${encodeURIComponent(this.#cursor)}`);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#after('answer', ANSWER_MS, () => this.#drop(socket));
    socket.onopen = () => {
      this.#cancel('answer');
      this.#after('steady', STEADY_MS, () => (this.#failures = 0));
      this.#after('check', CHECK_EVERY_MS, () => this.#checkAgain());
      this.#on.state({ is: 'live' });
      this.#flush();
    };
    socket.onmessage = ({ data }) => {
      this.#since++;
      if (this.#again > 0) this.#again--;
      else this.#deliver(typeof data === 'string' ? data : new Uint8Array(data), new Date());
    };
    socket.onclose = ({ code, reason }) => {
      if (turn === this.#turn) this.#lost(code, reason);
    };
  }
  // A text that comes back is ours where we wait for it; the oldest first, since one connection keeps the order.
  #deliver(payload, time) {
    const at = this.#outbox.findIndex((item) => item.text === payload && (item.is === 'sent' || item.is === 'unsure'));
    if (at >= 0) {
      this.#outbox.splice(at, 1);
      this.#on.outbox(this.#outbox);
    }
    this.#on.publication(payload, Number.isNaN(time.getTime()) ? new Date() : time, at >= 0);
  }

  // Sends what waits, and what an earlier connection took away and did not bring back.
  #flush() {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      for (const item of this.#outbox) {
        if (item.is !== 'queued' && !(item.is === 'sent' && item.turn !== this.#turn)) continue;
        this.#socket.send(item.text);
        item.is = 'sent';
        item.turn = this.#turn;
      }
    }
    this.#on.outbox(this.#outbox);
  }

  // The server or the network ended the connection.
  #lost(code, reason) {
    this.#socket = null;
    if (code === TOO_BIG) {
      const tooBig = this.#outbox.find((item) => item.is === 'sent');
      if (tooBig) tooBig.is = 'refused';
    }
    if (isTemporary(code)) this.#wait();
    else this.#stop(`the server closed the room with code ${code}${reason ? ` (${reason})` : ''}`);
  }

  // We give the connection up because it is silent. It may still deliver what we sent on it, later than any poll can tell: to
  // send that again by ourselves could double it, so it is left to the person who wrote it.
  #drop(socket) {
    if (socket !== this.#socket) return;
    this.#turn++;
    this.#socket = null;
    socket.close();
    for (const item of this.#outbox) if (item.is === 'sent') item.is = 'unsure';
    this.#wait();
  }

  // Jittered, so that everybody who lost the same server does not come back in the same instant.
  #wait() {
    this.#cancelAll();
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
    const wait = longest * (0.5 + Math.random() / 2);
    this.#after('retry', wait, () => this.open());
    this.#on.state({ is: 'waiting', until: Date.now() + wait });
    this.#on.outbox(this.#outbox);
  }

  #stop(reason) {
    this.#cancelAll();
    this.#on.state({ is: 'stopped', reason });
    this.#on.outbox(this.#outbox);
  }

  #checkAgain() {
    this.#after('check', CHECK_EVERY_MS, () => this.#checkAgain());
    return this.check();
  }

  #after(name, ms, action) {
    this.#cancel(name);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      action();
    }, ms);
    this.#timers.set(name, timer);
  }

  #cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #cancelAll() {
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
  }
}
