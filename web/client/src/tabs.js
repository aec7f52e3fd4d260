// SPDX-License-Identifier: MIT
// One connection for all tabs of a site: the leading tab has the engine, the others talk to it over a BroadcastChannel. Who leads
// is decided by a lock of the browser, which passes on when its tab goes, however it goes. Where there are no locks (pages that
// are neither https nor localhost, sandboxed frames), the tabs elect a leader, and another when it has been silent.
//
// Invariant: a new leader is told by each tab what it holds, from which cursor, and what has no answer; so nothing is lost with
// the old one, and nothing is doubled.

import { now, random, since } from './words.js';

/**
 * `lead(tell)` gives an engine that tells its tabs everything; `follow(port)` says all to the leader, wherever it is now;
 * `hear(...event)` is what the leader tells. Gives { others, leave }.
 */
export function shareTabs({ share, tick, locks }, id, lead, follow, hear) {
  const bus = new BroadcastChannel(share);
  const tabs = new Set();
  const quit = new AbortController();
  const { signal } = quit; // until this tab leaves
  let engine, leader, heard = now(), electing, release, watch;

  const until = new Promise((resolve) => { release = resolve; });
  const post = (...message) => signal.aborted || bus.postMessage([id, ...message]);
  const port = Object.fromEntries(['sub', 'unsub', 'pub', 'check'].map((word) => [word, (...values) => post(word, ...values)]));

  function take() {
    leader = id;
    engine = lead((...event) => post('tell', ...event));
    post('lead');
    return until;
  }
  function give(other) {
    leader = other;
    engine?.retire();
    engine = undefined;
    tabs.clear();
    post('hi');
    follow(port);
  }
  /** Once it is under way it ends with a leader, however often silence is noticed. */
  function elect() {
    electing ??= setTimeout(take, 200 + 300 * random());
  }

  /** As the leader. What a tab says that has not said hi is for the one before: it says all of that again. */
  function serve(tab, word, values) {
    if (word === 'gone') return engine?.drop(tab, tabs.delete(tab));
    if (port[word]) return tabs.has(tab) && engine[word](...values);
    if (word === 'tell') return; // of a leader that has gone
    post('lead');
    if (word === 'there') return;
    if (!tabs.has(tab)) locks?.request(share + tab, { signal }, () => serve(tab, 'gone')).catch(() => {});
    tabs.add(tab);
    const [facts, state] = engine.present();
    if (facts) post('tell', 'up', facts);
    post('tell', 'state', state);
  }

  /** As one of the others. A leader that nobody sees has slow timers: it is told when it is time to try again. */
  function listen(kind, ...values) {
    heard = now();
    hear(kind, ...values);
    if (kind === 'state' && values[0].retry) setTimeout(port.check, values[0].retry);
  }

  function begin() {
    bus.onmessage = ({ data: [from, word, ...values] }) => {
      if (word === 'lead') {
        heard = now();
        electing = clearTimeout(electing);
        if (leader === id && from > id) post('lead');
        else if (leader !== from) give(from);
      } else if (leader === id) serve(from, word, values);
      else if (from === leader && word === 'tell') listen(...values);
      else if (from === leader && word === 'gone' && !locks) elect();
    };
    post('hi');
    return until;
  }

  function vote() {
    locks = undefined;
    begin();
    elect();
    watch = setInterval(() => {
      if (leader === id) return;
      if (since(heard) > 3 * tick) elect();
      post('there');
    }, tick);
  }

  if (locks) {
    // The leader takes a tab whose lock it can have for gone: so nothing is said or heard before it is ours.
    locks.request(share + id, { signal }, begin).catch(() => {});
    // Sandboxed frames, and those whose browser keeps them from storing anything, have locks that nobody gets.
    locks.request(share, { signal }, take).catch(() => signal.aborted || vote());
  } else vote();

  return {
    others: () => tabs.size,
    leave() {
      post('gone');
      clearInterval(watch);
      clearTimeout(electing);
      quit.abort();
      release();
      bus.close();
    },
  };
}
