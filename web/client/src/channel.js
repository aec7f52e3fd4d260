// SPDX-License-Identifier: MIT
// A channel as a page sees it: its cursor, and what is told of it. The one without a name is the inbox.
//
// Invariant: the cursor moves forward only, and nothing behind it is delivered.

import { ahead, emitter, problem, unpack, utf8 } from './words.js';

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

  const channel = emitter({
    name,
    cursor: options.after,
    publish: (data, how) => client.put('pub', name, data, how),
    presence: async () => (await at.ask(`${at.path(name)}/presence`)).json(),

    async history({ after, limit } = {}) {
      const { publications, ...page } = await (await at.ask(at.path(name), { after, limit })).json();
      return { ...page, messages: publications.map((each) => message(name, unpack(each))) };
    },

    open() {
      if (channel.isOpen) return;
      channel.isOpen = true;
      client.port?.sub(name, channel.cursor, client.id);
    },

    /** Hears no more; a new listener goes on from the cursor. */
    close() {
      if (channel.isOpen) client.port?.unsub(name, client.id);
      channel.isOpen = false;
    },

    // ---- for the client

    /** It stands at this cursor: the next message is the one behind it. */
    stand(cursor, missed) {
      const wasLost = channel.isLost;
      channel.isLost = false;
      if (!channel.cursor) return begin(cursor);
      const gap = ahead(channel.cursor, cursor);
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
      if (!channel.has('join') && !channel.has('leave')) return;
      const before = users;
      users = new Set((await channel.presence()).users.map(({ user }) => user));
      if (!before) return;
      for (const user of users) if (!before.has(user)) channel.emit('join', user);
      for (const user of before) if (!users.has(user)) channel.emit('leave', user);
    },
  });

  async function begin(cursor) {
    if (waiting) return;
    if (options.history) {
      let messages = [];
      waiting = [];
      try {
        ({ messages } = await channel.history());
      } catch (error) {
        channel.emit('error', error);
      }
      messages.push(...waiting);
      waiting = undefined;
      for (const each of messages) channel.take(each, true);
    }
    if (!channel.cursor || ahead(channel.cursor, cursor) > 0) channel.cursor = cursor;
  }

  const { on } = channel;
  /** The first listener opens it. */
  channel.on = (event, hear) => {
    const end = on(event, hear);
    channel.open();
    return end;
  };
  return channel;
}
