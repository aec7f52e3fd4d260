// SPDX-License-Identifier: MIT
// A channel as a page sees it: its cursor, and what is told of it. The one without a name is the inbox.
//
// Invariant: the cursor moves forward only, and nothing behind it is delivered.

import { ahead, emitter, problem, unpack, utf8 } from './words.js';

const TRIES = 2; // to read the history, over a connection that stands

/** A message as a page gets it. */
const message = (channel, parts) => ({
  ...parts,
  channel,
  get text() {
    return typeof this.data === 'string' ? this.data : utf8(this.data);
  },
  json() {
    return JSON.parse(this.text);
  },
});

export function makeChannel(client, name, options = {}) {
  const { at } = client;
  let waiting; // what comes while the history is being read
  let users; // as seen last
  let opened, settle; // settled when what was before has been told, or it is not heard

  const channel = emitter({
    name,
    cursor: options.after,
    publish: (data, how) => client.put('pub', name, data, how),

    /** Whoever hears the channel is there: that is waited for. */
    async presence() {
      if (channel.isOpen) await opened;
      return at.ask(`${at.path(name)}/presence`);
    },

    async history(query) {
      const { publications, ...page } = await at.ask(at.path(name), query);
      return { ...page, messages: publications.map((each) => message(name, unpack(each))) };
    },

    /** Settles when it stands, and what was before has been told. */
    open() {
      if (!channel.isOpen) {
        channel.isOpen = true;
        opened = new Promise((resolve) => { settle = resolve; });
        client.port?.sub(name, channel.cursor, client.id);
      }
      return opened;
    },

    /** Hears no more; a new listener goes on from the cursor. */
    close() {
      if (channel.isOpen) client.port?.unsub(name, client.id);
      channel.quit();
    },

    // ---- for the client

    /** It is not heard any more. */
    quit() {
      channel.isOpen = false;
      waiting = undefined;
      settle?.();
    },

    /** It stands at this cursor: the next message is the one behind it. */
    stand(cursor, missed) {
      const wasLost = channel.isLost;
      channel.isLost = false;
      if (!channel.cursor) return begin(cursor);
      const gap = ahead(channel.cursor, cursor);
      settle();
      if (gap <= 0) return wasLost && channel.emit('recovered', { cursor });
      channel.cursor = cursor;
      channel.emit('gap', { missed: gap || missed, cursor });
    },

    /** A message, unless it is known. Without a cursor only an inbox begins with it. */
    take(parts, isFirst = !name) {
      if (waiting) return waiting.push(parts);
      if (channel.cursor ? ahead(channel.cursor, parts.cursor) <= 0 : !isFirst) return;
      channel.cursor = parts.cursor;
      channel.emit('message', message(name, parts));
    },

    /** Where the transport does not tell who comes and goes, asks. */
    async look() {
      if (!channel.hears('join') && !channel.hears('leave')) return;
      const { users: list, count } = await channel.presence();
      if (list.length < count) return; // they are too many to be named
      const before = users;
      users = new Set(list.map(({ user }) => user));
      if (!before) return;
      for (const user of users) if (!before.has(user)) channel.emit('join', user);
      for (const user of before) if (!users.has(user)) channel.emit('leave', user);
    },
  }, () => channel.open()); // the first listener does that

  async function begin(cursor) {
    if (waiting) return;
    const held = waiting = [];
    let messages = [];
    for (let tries = options.history && TRIES; tries;) {
      try {
        ({ messages } = await channel.history());
        tries = 0;
      } catch (error) {
        // As long as the connection is lost, too, there is nothing else to do.
        tries = error.code ? 0 : tries - !channel.isLost;
        if (!tries) channel.emit('error', error);
        else {
          client.port?.check();
          await new Promise((resolve) => { setTimeout(resolve, 2 * at.backoff); });
        }
      }
      if (waiting !== held) return; // closed meanwhile
    }
    waiting = undefined;
    for (const each of [...messages, ...held]) channel.take(each, true);
    if (!channel.cursor || ahead(channel.cursor, cursor) > 0) channel.cursor = cursor;
    settle();
  }

  return channel;
}
