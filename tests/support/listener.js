// SPDX-License-Identifier: MIT
// A client of web/client and what it has been told, to be waited for.

import godwit from '../../web/client/godwit.js';
import { WebSocket } from 'ws';
import { LATE_MS } from './queue.js';

export const QUICK = { backoff: 50, ceiling: 200, timeout: 5000, tick: 200, climb: 100, early: 400 };

export class Listener {
  told = []; // [what, value]
  #wakers = [];

  constructor(url, options = {}) {
    this.g = godwit(url, { WebSocket, ...QUICK, ...options });
    for (const name of ['state', 'direct', 'error']) this.#keep(this.g, name);
  }

  #keep(emitter, name, prefix = '') {
    emitter.on(name, (value) => {
      this.told.push([prefix + name, value]);
      this.#wakers.splice(0).forEach((wake) => wake());
    });
  }

  channel(name, options) {
    const channel = this.g.channel(name, options);
    for (const event of ['message', 'join', 'leave', 'gap', 'recovered', 'error']) this.#keep(channel, event, `${name} `);
    return channel;
  }

  values(what) {
    return this.told.filter(([name]) => name === what).map(([, value]) => value);
  }

  texts(channel) {
    return this.values(`${channel} message`).map((message) => message.text);
  }

  /** Waits until `take()` gives something. */
  async until(take, what = take) {
    const timer = setTimeout(() => this.#wakers.splice(0).forEach((wake) => wake(true)), LATE_MS);
    try {
      for (;;) {
        const found = take();
        if (found) return found;
        if (await new Promise((wake) => { this.#wakers.push(wake); })) throw new Error(`${what} did not come; told: ${JSON.stringify(this.told)}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  online(transport) {
    return this.until(() => this.g.state === 'online' && (!transport || this.g.transport === transport), `online ${transport}`);
  }

  /** Messages of a channel, once there are so many. */
  async messages(channel, n) {
    await this.until(() => this.texts(channel).length >= n, `message ${n} of ${channel}`);
    return this.texts(channel);
  }

  /** The channel stands: what is published now is heard. */
  async standing(channel) {
    await this.until(() => this.g.state === 'online');
    let timer;
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${channel} does not stand; told: ${JSON.stringify(this.told)}`)), LATE_MS);
    });
    await Promise.race([this.g.channel(channel).open(), late]).finally(() => clearTimeout(timer));
  }

  close() {
    this.g.close();
  }
}
