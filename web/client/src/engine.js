// SPDX-License-Identifier: MIT
// Keeps a link to the server: chooses the transport, comes back when it breaks, and then says again what is held and what has no
// answer. It serves one tab or several, and tells all of them everything.
//
// Invariant: a channel is held from the oldest cursor that a tab has asked for; each tab passes over what it knows.

import { overHttp } from './http.js';
import { overWebSocket } from './websocket.js';
import { ahead, min, now, random, since } from './words.js';

const KEY_MS = 27e4; // the server knows a publication's key for 5 minutes
const EARLY_ENDS = 3; // so many, one after the other, and a transport does not get through

const isOffline = () => globalThis.navigator?.onLine === false;

export function engine(at, tell) {
  const inbox = { tabs: new Set(), cursor: at.after };
  const channels = new Map([['', inbox]]); // each with its cursor, whether it stands there, and whose it is
  const out = new Map(); // publications without an answer, by their keys
  const earlyEnds = [0, 0, 0]; // of each transport, since it last did not
  let rank = 0; // the place of the transport in use
  let link, trial; // the one in use; one of the best transport, while a lesser one serves
  let tries = 0, climbs = 0, last = now(), isOver = false, retrying, climbing, facts, told;

  const ticking = setInterval(() => {
    const hasSlept = since(last) > at.tick + 1e4;
    last = now();
    if (hasSlept) check();
    else if (link?.isUp) link.check();
  }, at.tick);
  at.inbox = () => inbox.cursor;
  /** How long to wait for a word: what is to be answered next may still be on its way, at 64 kbit/s. */
  at.patience = (ms = at.timeout) => ms + ([...out.values()][0]?.data.length / 8 || 0);
  connect(0);

  // ---- what tabs ask for

  function sub(name, after, tab) {
    const channel = channels.get(name) ?? { tabs: new Set() };
    const isNew = !channel.tabs.size;
    const isBehind = after && !(channel.cursor && ahead(channel.cursor, after) >= 0);
    channels.set(name, channel);
    channel.tabs.add(tab);
    if (isBehind) Object.assign(channel, { cursor: after, stands: false });
    if (link?.isUp && (isNew || isBehind)) {
      if (!isNew) link.unsub(name);
      link.sub(name, channel.cursor);
    }
    if (channel.cursor && !isBehind && (channel.stands || !name)) tell('sub', name, channel.cursor);
  }

  function unsub(name, tab) {
    const channel = channels.get(name);
    if (!channel?.tabs.delete(tab) || channel.tabs.size || !name) return;
    channels.delete(name);
    if (link?.isUp) link.unsub(name);
  }

  /** A tab has gone. */
  function drop(tab) {
    for (const name of channels.keys()) unsub(name, tab);
  }

  function pub(entry) {
    if (entry.key && out.has(entry.key)) return;
    if (entry.key) out.set(entry.key, entry);
    if (link?.isUp) send(entry);
  }

  /** Is the server still there? One on this machine is, offline too, and answers soon. Where there is no link, tries at once. */
  function check() {
    if (link?.isUp) link.check(isOffline() ? 2e3 : at.timeout);
    else if (!link && !isOver) connect(rank);
  }

  /** Ends the link; with 1000 its session too. */
  function retire(code) {
    isOver = true;
    tell = () => {};
    clearInterval(ticking);
    clearTimeout(retrying);
    clearTimeout(climbing);
    link?.close(code);
    trial?.close(code);
    link = trial = undefined;
  }

  // ---- what a link tells

  function pass(kind, name, value, more) {
    const channel = channels.get(name);
    if (kind === 'ok' || kind === 'no') out.delete(name);
    else if (!channel) return;
    else if (kind === 'sub') {
      channel.cursor = value;
      channel.stands = true;
    } else if (kind === 'msg') channel.cursor = value.cursor;
    else if (kind === 'refused' && value >= 500) return askAgain(name, channel, link);
    else if (kind === 'refused') channels.delete(name);
    tell(kind, name, value, more);
  }

  function askAgain(name, channel, asked) {
    setTimeout(() => link === asked && channels.get(name) === channel && link.sub(name, channel.cursor), 1e3 + 1e3 * random());
  }

  function send(entry) {
    if (entry.sent && since(entry.sent) > KEY_MS) return pass('no', entry.key, 0, 'in-doubt');
    entry.sent ??= now();
    link.pub(entry);
  }

  // ---- links

  function state(more) {
    tell('state', told = { state: isOffline() ? 'offline' : 'connecting', ...more });
  }

  function start(place) {
    const name = at.transports[place];
    const hear = (kind, ...values) => {
      if (made !== link && made !== trial) return;
      if (kind === 'up') rise(made, ...values);
      else if (kind === 'down' && made === trial) climb(trial = undefined);
      else if (kind === 'down') fall(...values);
      else if (made === link) pass(kind, ...values);
    };
    const made = name === 'websocket' ? overWebSocket(at, hear) : overHttp(at, hear, name === 'sse');
    made.rank = place;
    return made;
  }

  function connect(place) {
    clearTimeout(retrying);
    rank = place;
    link = start(place);
    state();
  }

  function rise(up, some) {
    if (up === trial) link.close();
    trial = undefined;
    link = up;
    link.isUp = now();
    rank = link.rank;
    tell('up', facts = some);
    for (const [name, channel] of channels) {
      channel.stands = false;
      if (up === link && (name || channel.tabs.size)) link.sub(name, channel.cursor);
    }
    for (const entry of [...out.values()]) if (up === link) send(entry);
    climb();
    // Last: whoever hears it may ask for channels of their own.
    if (up === link) state({ state: 'online', transport: at.transports[rank] });
  }

  /** From a lesser transport, now and then, towards the best; the present one serves meanwhile. */
  function climb() {
    clearTimeout(climbing);
    if (!rank) return;
    climbing = setTimeout(() => {
      if (link?.isUp) trial = start(0);
    }, at.climb * 2 ** min(climbs++, 6));
  }

  function fall({ code, reason, retry, isBlocked }) {
    const fallen = link;
    clearTimeout(climbing);
    trial?.close();
    link = trial = undefined;
    // An earlier try of ours that reached the server late has the session, or a tab that leads now: it is left to them.
    if (code === 4409) delete at.session;
    else if (code >= 4400 && code < 4500) {
      state({ state: 'closed', code, reason });
      return retire();
    }
    if (fallen.isUp && since(fallen.isUp) > at.early) {
      tries = earlyEnds[rank] = 0;
      if (!rank) climbs = 0;
    } else if (fallen.isUp && code !== 1001 && !(code > 1011)) earlyEnds[rank]++; // not for the server's own reasons
    // A transport that does not get through gives way; where HTTP has no answer either, nobody is there.
    const givesWay = fallen.isUp ? isBlocked || earlyEnds[rank] >= EARLY_ENDS : at.transports[rank] === 'websocket';
    const next = givesWay && at.transports[rank + 1] ? rank + 1 : fallen.isUp ? rank : 0;
    const wait = min(2e9, retry) || (next > rank ? 0 : min(at.ceiling, at.backoff * 2 ** tries++) * (1 + random()) / 2);
    rank = next;
    if (fallen.isUp || wait) state({ retry: wait });
    retrying = setTimeout(() => connect(next), wait);
  }

  return { sub, unsub, drop, pub, check, retire, present: () => [facts, told] };
}
