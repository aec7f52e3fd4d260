// SPDX-License-Identifier: MIT
// Things that come one after the other, and somebody who waits for one of them, not for ever.

/** Beyond what a shared machine may stand still for, and below the half minute that a long poll, or a session, waits for in vain. */
export const LATE_MS = 25_000;

export class Queue {
  #items = [];
  #wake = () => {};
  #end;

  put(item) {
    this.#items.push(item);
    this.#wake();
  }

  /** Nothing comes any more; the first `why` stands. */
  end(why) {
    this.#end ??= why;
    this.#wake();
  }

  /** The first that fits, from where the last one stood; what comes before it is passed over. */
  async next(fits = () => true, what = 'the next one') {
    const deadline = Date.now() + LATE_MS;
    for (const passed = []; ;) {
      while (this.#items.length) {
        const item = this.#items.shift();
        if (fits(item)) return item;
        passed.push(item);
      }
      const why = this.#end ?? (Date.now() >= deadline && `nothing came for ${LATE_MS} ms`);
      if (why) throw new Error(`${why} before ${what}; passed over: ${JSON.stringify(passed.slice(-20))}`);
      await this.#some(deadline - Date.now());
    }
  }

  async #some(ms) {
    let timer;
    await new Promise((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** What has come and has not been asked for. */
  rest() {
    return this.#items.splice(0);
  }
}
