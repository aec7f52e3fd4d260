// SPDX-License-Identifier: MIT
// A WebSocket whose server is the test: what a client says is waited for, what it hears is said here.

import { LATE_MS } from './queue.js';

export function sockets() {
  const all = [];
  const wakers = [];
  const wake = () => wakers.splice(0).forEach((each) => each());

  /** Waits until `take()` gives something. */
  async function until(take) {
    const late = performance.now() + LATE_MS; // a test may put the other clock forward
    for (;;) {
      const found = take();
      if (found) return found;
      let timer;
      await Promise.race([new Promise((resolve) => { wakers.push(resolve); }), new Promise((resolve) => { timer = setTimeout(resolve, 50); })]);
      clearTimeout(timer);
      if (performance.now() > late) throw new Error(`nothing came for ${LATE_MS} ms`);
    }
  }

  class WebSocket {
    said = [];

    constructor(url, protocol) {
      Object.assign(this, { url: new URL(url), protocol });
      all.push(this);
      setImmediate(wake);
    }

    send(data) {
      this.said.push(data);
      wake();
    }

    close(code) {
      this.closed = code;
      wake();
    }

    // ---- the server's side

    tell(...messages) {
      for (const data of messages) this.onmessage?.({ data });
      return this;
    }

    welcome(options = '') {
      return this.tell(`welcome session=S version=1 ping=25${options}`);
    }

    end(code = 1006) {
      this.onclose?.({ code });
    }

    /** The next message that fits, and what its groups say. */
    hears(pattern) {
      return until(() => {
        const i = this.said.findIndex((each) => typeof each === 'string' && pattern.test(each));
        return i >= 0 && pattern.exec(this.said.splice(i, 1)[0]);
      });
    }
  }

  /** The n-th connection, from 1 on. */
  const nth = (n) => until(() => all[n - 1]);
  return { WebSocket, nth, all };
}
