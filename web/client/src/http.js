// SPDX-License-Identifier: MIT
// A link over HTTP: a request that goes on for each channel (SSE), or one after the other (long polling), and POSTs. It is up
// when the server answers. Any request that breaks ends the link; what was refused concerns its channel alone.

import { encode, now, problem, since, unpack } from './words.js';

const STREAMS = 4; // of the six connections that browsers open to a site
const WAIT_S = 25; // less than what stands between would wait for a byte; heartbeats come as often

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

  /** The request ends where nothing comes for so many seconds, and as long as an answer may take. */
  function expect(end, seconds = 0) {
    heard = now();
    clearTimeout(end.timer);
    end.timer = setTimeout(() => end.abort(), 1e3 * seconds + at.timeout);
  }

  const stream = (name, after, end) => at.ask(at.path(name), { after, data: 'json' }, { headers: { Accept: 'text/event-stream' } }, end.signal, async (answer) => {
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const cursor = answer.headers.get('Godwit-Cursor');
    for (let rest = '', part; cursor && !(part = await reader.read()).done;) {
      expect(end, WAIT_S);
      if (!end.hasBegun) tell('sub', name, cursor);
      end.hasBegun = true;
      const lines = (rest + decoder.decode(part.value, { stream: true })).split('\n');
      rest = lines.pop();
      for (const line of lines.filter((each) => each.startsWith('data:'))) {
        const event = JSON.parse(line.slice(5));
        if (event.recovered === false) tell('sub', name, event.cursor, event.missed);
        else tell('msg', name, unpack(event));
      }
    }
    lost({});
  });

  /** The first answer comes at once and tells where the channel stands. */
  async function poll(name, after, end) {
    for (let page, wait, cursor = after; !isOver; cursor = page.cursor) {
      expect(end, wait);
      page = await at.ask(at.path(name), { after: cursor, wait }, {}, end.signal);
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
      expect(end);
      await (isStream ? stream : poll)(name, after, end);
    } catch ({ code, reason, retry }) {
      if (hearing.get(name) !== end) return;
      if (!code || code >= 500 || code === 429) return lost({ retry, isBlocked: end.signal.aborted && !end.hasBegun });
      hearing.delete(name);
      tell('refused', name, code, reason);
    } finally {
      clearTimeout(end.timer);
    }
  }

  async function post({ kind, name, event, key, data, type }) {
    const headers = { 'Content-Type': type, ...key && { 'Idempotency-Key': key } };
    try {
      const path = kind === 'to' ? `users/${encode(name)}` : at.path(name);
      const { cursor, duplicate } = await at.ask(path, { event }, { method: 'POST', headers, body: data }, AbortSignal.timeout(at.timeout + data.length));
      // Whoever is sent on from there comes as a GET, and has published nothing.
      if (duplicate === undefined) throw problem(302, 'redirected');
      tell('ok', key, cursor);
    } catch ({ code, reason, retry }) {
      if (code) tell('no', key, code, reason);
      else lost({ retry });
    }
  }

  /** Is the server there? Someone else may answer in its place, with a page of theirs. */
  function knock(ms, then) {
    at.ask('healthz', {}, {}, AbortSignal.timeout(ms), (answer) => answer.text()).then((text) => (text === 'ok\n' ? then?.() : lost({})), lost);
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
      const before = turns.get(to);
      const turn = (async () => {
        await before;
        if (!isOver) await post(entry);
        if (turns.get(to) === turn) turns.delete(to);
      })();
      turns.set(to, turn);
    },
    check(ms) {
      if (ms && since(heard) > 1e3 * WAIT_S + at.timeout) lost({});
      else if (ms) knock(ms);
    },
    close,
  };
}
