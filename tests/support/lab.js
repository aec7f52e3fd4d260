// SPDX-License-Identifier: MIT
// A lab whose figures a test decides: it speaks on the channels of the server under test as `godwit lab` does, and its five ports
// are that server's own, so that the page's clients have something real to hear.

import godwit from '../../web/client/godwit.js';
import { Queue } from './queue.js';

const NAMES = ['poll', 'longpoll', 'ndjson', 'sse', 'websocket'];
export const SETTINGS = { rate: 10, payload: 64, interval: 1000, clients: 10, cursor: true };

// What a delivery costs and how late it is, about as it was measured.
const LIKE = {
  poll: { bytes: 312, cpu: 30e-6, p50: 503, p99: 991 }, longpoll: { bytes: 402, cpu: 40e-6, p50: 0.7, p99: 2.4 },
  ndjson: { bytes: 184, cpu: 6e-6, p50: 0.4, p99: 1.1 }, sse: { bytes: 112, cpu: 6e-6, p50: 0.4, p99: 1.2 }, websocket: { bytes: 96, cpu: 5e-6, p50: 0.4, p99: 1 },
};

/** Figures `seconds` after the run began, as they would be with these settings. */
export function figuresAt(seconds, { settings = SETTINGS, run = 1, phase = 'running', at = Date.now(), url = 'http://127.0.0.1:9', of = {} } = {}) {
  const { rate, interval, clients } = settings;
  const messages = Math.floor(rate * seconds) * clients;
  const requestsOf = { poll: (1000 / interval) * clients * seconds, longpoll: messages };
  return {
    run, at, phase, until: null, settings, sent: Math.floor(rate * seconds), channel: 'lab', server: { cpu: seconds / 100, memory: 8e6 },
    transports: NAMES.map((name) => ({
      name, url, connections: clients, requests: Math.floor(requestsOf[name] ?? clients), bytes_in: messages * 20, bytes_out: messages * (LIKE[name].bytes - 20),
      cpu: messages * LIKE[name].cpu, memory: 9000, messages, lost: 0, repeated: 0, recovered: 0, p50: LIKE[name].p50, p99: LIKE[name].p99, ...of[name],
    })),
  };
}

/** @returns {Promise<{said: Queue, wished: object, say(what: object|string): Promise, g, close(): void}>}  `wished`: the settings that pages have asked for */
export async function fakeLab(server, { WebSocket }) {
  const g = godwit(server.url, { user: 'lab', WebSocket, share: false });
  const said = new Queue();
  const wished = {};
  const control = g.channel('lab:control');
  const figures = g.channel('lab:figures');
  const isUp = new Promise((resolve) => { const off = g.on('state', ({ state }) => state === 'online' && (off(), resolve())); });
  control.on('message', (message) => {
    if (!message.text.startsWith('{')) return;
    const wish = message.json();
    Object.assign(wished, wish.set);
    said.put(wish);
  });
  await isUp;
  return { g, said, wished, say: (what) => figures.publish(what), close: () => g.close() };
}
