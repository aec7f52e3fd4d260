// SPDX-License-Identifier: MIT
// A link over HTTP: a request that goes on for each channel (SSE), or one after the other (long polling), and POSTs. It is up
// when the server answers. Any request that breaks ends the link; what was refused concerns its channel alone.

import { encode, now, unpack } from './words.js';

const STREAMS = 4; // of the six connections that browsers open to a site
const WAIT_S = 25; // less than what stands between would wait for a byte
const QUIET_MS = 6e4; // heartbeats come every 25 s

export function overHttp(at, tell, isStream) {
  const hearing = new Map(); // channels, and what ends their requests
  const turns = new Map(); // the last POST for each channel and user
  let heard = now(), isOver = false;

  function close() {
    isOver = true;
    for (const end of hearing.values()) end.abort();
  }
  function lost(why) {
    if (isOver) return;
    close();
    tell('down', why);
  }

  /** Something has come: the request ends where nothing more does for `ms`, if that is given. */
  function alive(end, ms) {
    heard = now();
    clearTimeout(end.timer);
    if (ms) end.timer = setTimeout(() => end.abort(), ms);
  }

  function ask(end, path, query, init, ms = at.timeout) {
    alive(end, ms);
    return at.ask(path, query, { ...init, signal: end.signal });
  }

  async function json(end, ...request) {
    try {
      return await (await ask(end, ...request)).json();
    } finally {
      alive(end);
    }
  }

  async function stream(name, after, end) {
    const answer = await ask(end, at.path(name), { after, data: 'json' }, { headers: { Accept: 'text/event-stream' } });
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    for (let rest = '', part; !(part = await reader.read()).done;) {
      alive(end, QUIET_MS);
      if (!end.hasBegun) tell('sub', name, answer.headers.get('Godwit-Cursor'));
      end.hasBegun = true;
      const lines = (rest + decoder.decode(part.value, { stream: true })).split('\n');
      rest = lines.pop();
      for (const line of lines) if (line.startsWith('data:')) take(name, JSON.parse(line.slice(5)));
    }
    lost({});
  }

  function take(name, event) {
    if (event.recovered === false) tell('sub', name, event.cursor, event.missed);
    else tell('msg', name, unpack(event));
  }

  /** The first answer comes at once and tells where the channel stands. */
  async function poll(name, after, end) {
    for (let page, wait, cursor = after; !isOver; cursor = page.cursor) {
      page = await json(end, at.path(name), { after: cursor, wait }, {}, 1e3 * (wait ?? 0) + at.timeout);
      const news = cursor ? page.publications : [];
      if (!wait || !page.recovered) {
        const before = news[0]?.cursor.replace(/\d+$/, (offset) => offset - 1);
        tell('sub', name, page.recovered && cursor || before || page.cursor, page.missed);
      }
      for (const each of news) tell('msg', name, unpack(each));
      wait = hearing.size > STREAMS ? 1 : WAIT_S; // where connections are few, all take turns
    }
  }

  async function hear(name, after, end) {
    try {
      await (isStream ? stream : poll)(name, after, end);
    } catch ({ code, reason, retry }) {
      if (hearing.get(name) !== end) return;
      if (!reason || code >= 500 || code === 429) return lost({ retry, isBlocked: end.signal.aborted && !end.hasBegun });
      hearing.delete(name);
      tell('refused', name, code, reason);
    } finally {
      alive(end);
    }
  }

  async function post({ kind, name, event, key, data, type }) {
    const headers = { 'Content-Type': type, ...key && { 'Idempotency-Key': key } };
    const path = kind === 'to' ? `users/${encode(name)}` : at.path(name);
    try {
      const { cursor } = await json(new AbortController(), path, { event }, { method: 'POST', headers, body: data });
      tell('ok', key, cursor);
    } catch ({ code, reason }) {
      if (reason) tell('no', key, code, reason);
      else lost({});
    }
  }

  /** Is the server there? */
  function knock(ms, then) {
    const end = new AbortController();
    ask(end, 'healthz', {}, {}, ms).then(then, lost).finally(() => alive(end));
  }
  knock(at.timeout, () => tell('up', { user: at.user }));

  return {
    sub(name, after) {
      if (!name && !at.user) return; // nobody's inbox
      if (isStream && hearing.size >= STREAMS) return lost({ isBlocked: true });
      const end = new AbortController();
      hearing.set(name, end);
      hear(name, after, end);
    },
    unsub(name) {
      const end = hearing.get(name);
      hearing.delete(name);
      end?.abort();
    },
    /** One after the other: that keeps their order. */
    pub(entry) {
      const to = entry.kind + entry.name;
      const turn = Promise.resolve(turns.get(to)).then(() => isOver || post(entry));
      turns.set(to, turn);
      turn.then(() => turns.get(to) === turn && turns.delete(to));
    },
    check(ms) {
      if (ms && now() - heard > WAIT_S * 1e3 + at.timeout) lost({});
      else if (ms) knock(ms);
    },
    close,
  };
}
