// SPDX-License-Identifier: MIT
// What a page holds: its channels, its inbox, and what it has published and has no answer to. All of it is said again to whoever
// serves it next: an engine of its own, or the leading tab's.

import { makeChannel } from './channel.js';
import { engine } from './engine.js';
import { shareTabs } from './tabs.js';
import { emitter, encode, now, problem, random } from './words.js';

/** Text and bytes as they are, all else as JSON. Bytes are copied: what waits is not to change. */
function pack(data) {
  if (typeof data === 'string') return { data, type: 'text/plain' };
  if (!ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) return { data: JSON.stringify(data), type: 'application/json' };
  const { buffer = data, byteOffset, byteLength } = data;
  return { data: new Uint8Array(buffer, byteOffset, byteLength).slice(), type: 'application/octet-stream' };
}

export function makeClient(at) {
  const id = random().toString(36).slice(2);
  const channels = new Map();
  const out = new Map(); // by their keys
  const quit = new AbortController();
  let keys = 0, told, own, tabs; // the engine of this tab; those it shares one with

  const client = emitter({
    state: 'connecting',

    /** The channel of this name, always the same object. */
    channel(name, options) {
      encode(name); // half a character cannot be said: better told here than when it is to be sent
      if (!channels.has(name)) channels.set(name, makeChannel(parts, name, options));
      return channels.get(name);
    },

    send: (user, data, how) => put('to', user, data, how),

    /** For good. Where other tabs go on, so does the session. */
    close() {
      if (client.state !== 'closed') turn({ state: 'closed' }, tabs?.others() ? undefined : 1000);
    },
  }, (name) => name === 'direct' && inbox.open());
  const parts = { at, id, put }; // what channels need; and `port`: who serves us
  const inbox = client.channel('', { after: at.after, history: true });
  inbox.emit = (name, value) => client.emit(name === 'message' ? 'direct' : name, value);

  const all = (visit) => channels.forEach((channel) => channel.isOpen && visit(channel));
  const ended = () => problem(client.code, client.reason);
  const lose = (channel) => { channel.isLost = true; };

  // ---- publishing

  /** Publishes once, over however many connections; what is volatile, now or never. */
  async function say(kind, name, data, { event, volatile } = {}) {
    encode([name, event]);
    const entry = { kind, name, event, ...pack(data) };
    const isOnline = client.state === 'online';
    if (volatile) return void (isOnline && parts.port.pub(entry));
    if (client.state === 'closed') throw ended();
    if (out.size >= at.queue) throw problem(0, 'full');
    entry.key = `${id}-${++keys}`;
    if (isOnline) entry.sent = now();
    return new Promise((resolve, reject) => {
      out.set(entry.key, [entry, resolve, reject]);
      parts.port?.pub(entry);
    });
  }

  /** The same; whoever does not look at the promise hears of a failure all the same. */
  function put(...what) {
    const promise = say(...what);
    promise.catch((error) => client.emit('error', error));
    return promise;
  }

  /** `how`: 1 where it has its place, else 2. */
  function settle(key, how, value) {
    const publication = out.get(key);
    out.delete(key);
    publication?.[how](value);
  }

  // ---- who serves us

  function attach(port) {
    parts.port = port;
    all((channel) => {
      lose(channel);
      port.sub(channel.name, channel.cursor, id);
    });
    for (const [entry] of out.values()) port.pub(entry);
  }

  function lead(tell) {
    own = engine({ ...at, session: client.session, after: inbox.cursor }, (...event) => {
      tell?.(...event);
      hear(...event);
    });
    attach(own);
    return own;
  }

  function follow(port) {
    own = undefined;
    attach(port);
  }

  function begin() {
    try {
      if (at.share) tabs = shareTabs(at, id, lead, follow, hear);
    } catch {
      // a browser that is to store nothing may have no channels between tabs
    }
    if (!tabs) lead();
  }

  /** Leaves the other tabs and the server. */
  function rest(code) {
    tabs?.leave();
    own?.retire(code);
    tabs = own = parts.port = undefined;
  }

  // ---- what is told

  function hear(kind, name, value, more) {
    const channel = channels.get(name);
    if (kind === 'state') turn(name);
    else if (kind === 'up') meet(name);
    else if (kind === 'ok') settle(name, 1, { cursor: value });
    else if (kind === 'no') settle(name, 2, problem(value, more));
    else if (!channel?.isOpen) return;
    else if (kind === 'sub') channel.stand(value, more);
    else if (kind === 'msg') channel.take(value);
    else if (kind === 'refused') {
      channel.quit();
      channel.emit('error', problem(value, more));
    } else channel.emit(kind, value);
  }

  function meet({ session, user }) {
    client.session = session ?? client.session;
    client.user = at.user = user ?? at.user;
    for (const [entry] of out.values()) entry.sent ??= now();
  }

  function turn(state, code) {
    const text = JSON.stringify(state);
    if (text === told) return;
    told = text;
    Object.assign(client, { transport: undefined, code: undefined }, state);
    if (state.state !== 'online') all(lose);
    if (state.state === 'closed') {
      rest(code);
      quit.abort();
      clearInterval(looking);
      for (const key of out.keys()) settle(key, 2, ended());
      all((channel) => channel.close());
    }
    client.emit('state', state);
  }

  // ---- the beginning

  const listen = (name, hearPage) => globalThis.addEventListener?.(name, hearPage, { signal: quit.signal });
  const looking = setInterval(() => {
    if (client.transport && client.transport !== 'websocket') all((channel) => channel.look().catch(() => {}));
  }, at.tick);
  for (const name of ['online', 'offline', 'focus']) listen(name, () => parts.port?.check());
  if (at.share) {
    listen('pagehide', () => rest());
    listen('pageshow', ({ persisted }) => persisted && begin());
  }
  begin();
  return client;
}
