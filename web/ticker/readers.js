// SPDX-License-Identifier: MIT
// Readers of the prices: what each has shown, how old that is and what it passed over; and those that run in Workers, which can be
// made slower, paused and resumed. No painting here.

import { makeRate, readBoard } from './board.js';

const RETRY_MS = 2000;
export const SAMPLE_MS = 250;
export const SAMPLES = 240; // a minute

/** What a reader has done. Pure. */
export function makeReader() {
  const rate = makeRate(4000);
  const ages = [];
  const reader = {
    count: 0,
    missed: 0,
    ages,
    board: undefined,
    take(board, now) {
      reader.count++;
      reader.board = board;
      rate.add(1, now);
    },
    miss(many = 0) {
      reader.missed += many;
    },
    age: (clock, now) => (reader.board ? clock.age(reader.board.at, now) : undefined),
    perSecond: (now) => rate.per(now),
    /** Notes the age, four times a second. */
    sample(clock, now) {
      ages.push(reader.age(clock, now));
      if (ages.length > SAMPLES) ages.shift();
    },
  };
  return reader;
}

/**
 * A reader in a Worker (reader.js). `set` makes it as slow as that, `pause` ends it, and `resume` goes on behind what it has shown:
 * over the channel's cursor, as a page does that was away.
 */
export function slowReader(reader, { channel, transports }) {
  let worker, cursor, retrying, isOn = false, ms = 0;

  function stop() {
    clearTimeout(retrying);
    worker?.terminate();
    worker = undefined;
  }

  function start() {
    stop();
    const ask = new URLSearchParams({ channel, transports, ms, ...cursor && { after: cursor } });
    worker = new Worker(`/ticker/reader.js?${ask}`, { type: 'module' });
    worker.onerror = () => { // its program could not be had: the server is away
      stop();
      retrying = setTimeout(start, RETRY_MS);
    };
    worker.onmessage = ({ data }) => {
      if (data.missed !== undefined) return reader.miss(data.missed);
      ({ cursor } = data);
      const now = Date.now();
      const board = readBoard(data.text, now);
      if (board) reader.take(board, now);
    };
  }

  return {
    set(slowness) {
      ms = slowness;
      if (isOn) start();
    },
    pause() {
      isOn = false;
      stop();
    },
    resume() {
      isOn = true;
      start();
    },
  };
}
