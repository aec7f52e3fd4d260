// SPDX-License-Identifier: MIT
// Who is writing: volatile publications on a channel of its own beside the place's, which keeps no history, so that they are
// never among what was said. Only over a WebSocket: over HTTP each channel costs a connection, which is too dear for this.

const EVERY_MS = 3_000; // said again at most so often
const LASTS_MS = 5_000; // and believed for so long
const MAX_WRITERS = 100; // each has a timer

export function openTyping(g, { user, changed }) {
  let place, channel, unhear, saidAt = 0;
  const writers = new Map(); // at the place that is looked at: what ends their writing

  /** The pair's channel has one name, whoever of them looks. */
  const nameFor = ({ id, name, isRoom }) => `typing:${isRoom ? id : [user, name].sort().map((each) => `@${each}`).join('')}`;

  function hear({ from }) {
    if (!from || from === user || (!place.isRoom && from !== place.name)) return;
    end(from);
    if (writers.size >= MAX_WRITERS) return;
    writers.set(from, setTimeout(() => end(from), LASTS_MS));
    changed();
  }

  function end(name) {
    clearTimeout(writers.get(name));
    if (writers.delete(name)) changed();
  }

  /** Listens where one looks. */
  function follow(next = place) {
    const wanted = next && next.name && g.transport === 'websocket' ? g.channel(nameFor(next)) : undefined;
    place = next;
    if (wanted === channel) return;
    unhear?.();
    channel?.close();
    for (const name of [...writers.keys()]) end(name);
    channel = wanted;
    unhear = channel?.on('message', hear);
    saidAt = 0;
  }

  const unwatch = g.on('state', () => follow());

  return {
    follow,
    /** The visitor is writing. */
    tell() {
      const now = Date.now();
      if (!channel || now - saidAt < EVERY_MS) return;
      saidAt = now;
      channel.publish('', { event: 'typing', volatile: true });
    },
    /** Whoever has said it, or has gone, writes no more; the next that the visitor types is told at once. */
    said(where, name) {
      if (where !== place) return;
      if (name === user) saidAt = 0;
      else end(name);
    },
    writers: () => [...writers.keys()],
    close() {
      unwatch();
      unhear?.();
      channel?.close();
      for (const timer of writers.values()) clearTimeout(timer);
      writers.clear();
    },
  };
}
