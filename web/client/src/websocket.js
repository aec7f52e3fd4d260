// SPDX-License-Identifier: MIT
// A link over a WebSocket: docs/godwit.v1.md. It is up when it has been welcomed, and authorised where there is a token.

import { encode, given, now, since, utf8 } from './words.js';

const WORDS = { msg: 2, join: 2, leave: 2, ok: 0, welcome: 0 }; // before the options; 1 for all others

/** A header line: a verb, a word, and those options that are given; then the payload. */
function message(verb, word, options = {}, body) {
  const head = [verb, encode(word), ...given(options).map(([name, value]) => `${name}=${encode(value)}`)].join(' ');
  if (body === undefined) return head;
  if (typeof body === 'string') return `${head}\n${body}`;
  return new Uint8Array([...new TextEncoder().encode(`${head}\n`), ...body]);
}

/** [verb, words, options, body] */
function parse(data) {
  const isText = typeof data === 'string';
  const bytes = isText ? data : new Uint8Array(data);
  const end = bytes.indexOf(isText ? '\n' : 10);
  const head = end < 0 ? bytes : bytes.slice(0, end);
  const [verb, ...words] = (isText ? head : utf8(head)).split(' ');
  const options = {};
  for (const word of words.splice(WORDS[verb] ?? 1)) {
    const [name, value] = word.split(/=(.*)/);
    options[value === undefined ? 'reason' : name] = decodeURIComponent(value ?? name);
  }
  return [verb, words.map(decodeURIComponent), options, end < 0 ? '' : bytes.slice(end + 1)];
}

export function overWebSocket(at, tell) {
  const asked = {}; // channels by the id of their `sub`
  const inbox = at.inbox();
  let socket, n = 0, ping = 25e3, heard = now(), read = inbox, user, bye, late; // `read`: where the inbox stands

  const say = (...said) => socket.send(message(...said));
  const up = () => tell('up', { session: at.session, user });

  /** Something has to be heard soon. */
  function expect(ms = at.timeout) {
    late ??= setTimeout(lost, ms);
  }
  function close(code = 4000) { // not 1000: the session is to be resumed
    clearTimeout(late);
    socket?.close(code);
  }
  function lost() {
    close();
    tell('down', {});
  }

  const verbs = {
    welcome(words, o) {
      at.session = o.session;
      user = o.user;
      ping = o.ping * 1e3;
      if (!at.token) return up();
      expect(); // of whoever gives the token, too
      at.token().then((token) => say('auth', token, { inbox, id: 'auth' }), lost);
    },
    ok(words, o) {
      if (o.id !== 'auth') return tell('ok', o.id, o.cursor);
      user = o.user;
      up();
    },
    error([code], o) {
      if (o.id === 'auth') tell('down', { code: 4401, reason: o.reason });
      else if (!asked[o.id]) tell('no', o.id, +code, o.reason);
      else if (code !== '404') tell('refused', asked[o.id], +code, o.reason); // 404: given up meanwhile
    },
    subscribed: ([name], o) => tell('sub', name === `inbox:${user}` ? '' : name, o.cursor, o.missed && +o.missed),
    msg: ([name, cursor], { event, from }, data) => tell('msg', name, { cursor, event, from, data }),
    direct([cursor], ...more) {
      read = cursor;
      verbs.msg(['', cursor], ...more);
    },
    join: (words) => tell('join', ...words),
    leave: (words) => tell('leave', ...words),
    bye([code], o) {
      bye = { ...o, code: +code };
    },
  };

  try {
    socket = new at.WebSocket(at.address('ws', { session: at.session, inbox }).replace(/^http/, 'ws'), 'godwit.v1');
    socket.binaryType = 'arraybuffer';
    socket.onerror = () => {};
    socket.onclose = ({ code }) => {
      close();
      tell('down', bye ?? { code });
    };
    socket.onmessage = ({ data }) => {
      heard = now();
      late = clearTimeout(late);
      const [verb, ...rest] = parse(data);
      verbs[verb]?.(...rest);
    };
  } catch {
    expect(0); // the browser allows none here
  }
  expect();

  return {
    sub(name, after) {
      if (name) {
        const id = `s${++n}`;
        asked[id] = name;
        say('sub', name, { after, id });
      } else if (after && read && after !== read) lost(); // an inbox begins with its connection
    },
    unsub(name) {
      if (name) say('unsub', name);
    },
    /** With a key it is answered. */
    pub({ kind, name, event, key, data }) {
      say(kind, name, { event, key, id: key }, data);
      if (key) expect(at.patience());
    },
    /** The server's own pings are not seen by a page: after as long without a word, it asks itself; with `ms` at once. */
    check(ms) {
      if (!ms && since(heard) < ping) return;
      socket.send('ping');
      expect(at.patience(ms));
    },
    close,
  };
}
