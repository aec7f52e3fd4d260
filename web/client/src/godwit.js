// SPDX-License-Identifier: MIT
// Godwit's client: channels over WebSocket, SSE or long polling, whichever gets through (docs/client.md).
//
//   client.js    what a page holds             channel.js   one channel of it
//   engine.js    keeps a link to the server    tabs.js      one engine for all tabs of a site
//   websocket.js, http.js                      the links: { sub, unsub, pub, check, close }, and what they tell
//
// What is told goes upwards as (kind, ...values): up FACTS, down WHY; sub CHANNEL CURSOR MISSED; msg CHANNEL PARTS; join and leave
// CHANNEL USER; refused CHANNEL CODE REASON; ok KEY CURSOR, no KEY CODE REASON; and from the engine, state STATE.

import { makeClient } from './client.js';
import { encode, given, problem } from './words.js';

const DEFAULTS = {
  transports: ['websocket', 'sse', 'longpoll'],
  queue: 1000,
  timeout: 6e3, // an answer takes no longer
  backoff: 500, // before the first try to come back; twice as long before each next, up to
  ceiling: 3e4,
  early: 1e4, // who dies younger has died early
  climb: 5e3, // before a better transport is tried again; twice as long each time
  tick: 5e3,
};

/** A client of the server at `url`; in a page, of the page's own when there is none. */
export default function godwit(url, options = {}) {
  const { user, token, fetch: call = (...request) => fetch(...request) } = options;
  const at = { WebSocket: globalThis.WebSocket, locks: globalThis.navigator?.locks, ...DEFAULTS, ...options };
  const base = new URL(url ?? '/', globalThis.location?.href).href.replace(/^ws/, 'http').replace(/\/$/, '');

  at.address = (path, query) => `${base}/${path}?${new URLSearchParams(given({ ...query, user: at.token ? undefined : user }))}`;
  at.path = (name) => `channels/${encode(name || `inbox:${at.user}`)}`;
  at.token = token !== undefined && (async () => (token?.call ? token() : token));

  async function ask(path, query, init, take) {
    const headers = { ...init.headers, ...at.token && { Authorization: `Bearer ${await at.token()}` } };
    const answer = await call(at.address(path, query), { ...init, headers });
    if (answer.ok) return take(answer);
    // Where the server is away, what stands before it says so in HTML.
    const text = await answer.json().catch(() => {});
    throw problem(text || answer.status < 500 ? answer.status : 0, text?.detail ?? text?.title ?? 'refused', { retry: 1e3 * answer.headers.get('Retry-After') });
  }
  /** What `take` makes of the answer. Any failure is a Problem, of code 0 where the server has said nothing. */
  at.ask = (path, query, init, signal = AbortSignal.timeout(at.timeout), take = (answer) => answer.json()) => Promise.race([
    ask(path, query, { ...init, signal }, take),
    new Promise((_, reject) => { signal.onabort = reject; }), // whoever gives the token may be busy for ever
  ]).catch((error) => { throw error.reason ? error : problem(0, 'lost'); });
  at.after = options.inbox;
  at.transports = at.transports.filter((name) => name !== 'websocket' || at.WebSocket);
  // Tabs share where they are the same user: whom a function's token names is not known.
  const isKnown = user ?? !token?.call;
  const wantsShare = options.share ?? globalThis.document;
  at.share = wantsShare && isKnown && globalThis.BroadcastChannel && JSON.stringify(['godwit', base, user, token]);
  return makeClient(at);
}
