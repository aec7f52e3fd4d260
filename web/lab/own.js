// SPDX-License-Identifier: MIT
// One subscriber of each transport in this browser, beside those that the lab's program runs: to be seen in the developer tools.
// They hear the same channel at the same ports, are cut when the lab cuts, and come back as the switch says.

import { TRANSPORTS } from './figures.js';
import { INTAKES } from './intakes.js';
import { newTally } from './tally.js';

const RETRY_MS = 1000;

/** Whether the page comes from this machine: the ports are those of 127.0.0.1, and elsewhere that is somebody else. */
export const isHere = (hostname) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/** Waits, or throws where it is ended before. */
export function rest(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/**
 * @param {object} given  `settings()`: the lab's now; `changed()`: something has happened (often)
 * @returns {Own}  `follow(figures)`: run where and as these say, null: not at all; `cut(ms)`
 *
 * @typedef {object} Own
 * @property {Record<string, {state: 'off'|'connecting'|'on'|'cut', requests: number, tally: object}>} clients
 */
export function openOwn({ settings, changed = () => {}, intakes = INTAKES, now = () => Date.now() }) {
  const clients = {};
  for (const name of TRANSPORTS) clients[name] = { state: 'off', requests: 0, tally: newTally() };
  let present = '', everything = null, connections = null, first = null;

  async function run(name, url, channel) {
    const client = clients[name];
    const all = everything.signal;
    let cursor = name === 'poll' || name === 'longpoll' ? await first.promise : undefined;
    while (!all.aborted) {
      const connection = connections;
      const become = (state) => {
        if (connection.signal.aborted || client.state === state) return;
        client.state = state;
        changed();
      };
      become('connecting');
      try {
        await intakes[name]({
          url, channel, cursor, signal: connection.signal, rest, interval: () => settings().interval,
          asked() {
            client.requests++;
            changed();
          },
          up(at) {
            if (at && name === 'ndjson') first.resolve(at);
            become('on');
          },
          back: () => client.tally.back(now()),
          hear(text, at) {
            if (connection.signal.aborted) return;
            cursor = at ?? cursor;
            client.tally.hear(text, now());
            changed();
          },
          reached: (at) => { cursor = at; },
        });
      } catch {
        // lost, refused, or ended by us: it comes back below
      }
      if (all.aborted) return;
      await (connection.signal.aborted ? connection.over : rest(RETRY_MS, all)).catch(() => {});
      if (!settings().cursor) cursor = undefined;
      client.tally.back(now());
    }
  }

  function begin({ transports, channel }) {
    everything = new AbortController();
    connections = new AbortController();
    first = newPromise();
    // A channel may be silent, but the head of the stream comes at once; where it does not, polling begins with the history.
    setTimeout(first.resolve, 3000);
    for (const name of TRANSPORTS) {
      Object.assign(clients[name], { state: 'off', requests: 0, tally: newTally() });
      if (transports[name]?.url) run(name, transports[name].url, channel);
    }
  }

  function end() {
    everything?.abort();
    connections?.abort();
    for (const name of TRANSPORTS) clients[name].state = 'off';
    present = '';
    changed();
  }

  function cut(ms) {
    if (!present || TRANSPORTS.some((name) => clients[name].state === 'cut')) return;
    const old = connections;
    old.over = rest(ms, everything.signal);
    connections = new AbortController();
    for (const name of TRANSPORTS) clients[name].state = 'cut';
    old.abort();
    changed();
  }

  return {
    clients,
    cut,
    follow(figures) {
      const key = figures ? JSON.stringify([figures.run, figures.channel, TRANSPORTS.map((name) => figures.transports[name]?.url)]) : '';
      if (key !== present) {
        end();
        if (key) begin(figures);
        present = key;
      }
    },
  };
}

function newPromise() {
  let resolve;
  const promise = new Promise((settle) => { resolve = settle; });
  return { promise, resolve };
}
