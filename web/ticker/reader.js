// SPDX-License-Identifier: MIT
// A slow reader, in a Worker with a connection of its own. It works on each board for as long as it was told, and nothing else
// happens in its thread meanwhile, as in a page that draws a heavy chart; then it shows the board. Its address says the rest:
// ?channel=…&transports=…&ms=…&after=CURSOR.
//
// It tells the page { text, cursor } of what it shows, and { missed } of what it was told is gone.
// To change how slow it is, it is ended and another begins behind its cursor: a thread that is behind with its WebSocket hears
// nothing else.

import godwit from '/client/godwit.js';

const ask = new URLSearchParams(location.search);
const ms = Number(ask.get('ms'));

/** Stands still without keeping a processor busy. Shared memory that never leaves this thread needs no isolated page. */
function makeWork() {
  try {
    const cell = new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
    Atomics.wait(cell, 0, 0, 0);
    return () => Atomics.wait(cell, 0, 0, ms);
  } catch {
    return () => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
  }
}

const work = makeWork();
const client = godwit('/', { share: false, transports: ask.get('transports').split(','), ceiling: 2000 });
const channel = client.channel(ask.get('channel'), { after: ask.get('after') ?? undefined });
channel.on('gap', ({ missed }) => postMessage({ missed: missed ?? 0 }));
channel.on('message', ({ text, cursor }) => {
  if (ms) work();
  postMessage({ text, cursor });
});
