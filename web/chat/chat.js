// SPDX-License-Identifier: MIT
// The chat on the client, without a page: rooms are the channels `chat:ROOM`, a conversation is what stands in one's inbox from
// and to a person. A message is plain text, published with the event `say`; who sent it the server says.
//
// A message to a person goes to their inbox and then, with the event `to:PERSON`, to one's own: so every window of both has both
// sides, in one order, and a reload brings them back.

import { makeLog } from './log.js';
import { openTyping } from './typing.js';
import { gapText, isRoom, nameOf } from './words.js';

const SAY = 'say';
const MANY_PEOPLE = 50; // of whom it is not told any more who comes and goes
const MAX_PLACES = 100; // anybody may write to anybody
const PAUSE_MS = 50;
const LOOK_MS = 60_000; // the list of people is the truth, what is told of comings and goings may be left out

/**
 * `g`: a client; `user`: who one is in it; `reads`: how far was read before, cursors by place; `changed`: told after anything did.
 */
export function openChat(g, { user, reads = {}, changed = () => {} }) {
  const places = new Map(); // by what words.js calls them: `#lobby`, `@Ann`
  let hasInbox = false, shown;

  // ---- places

  function make(id, more) {
    const place = { id, name: nameOf(id), isRoom: isRoom(id), log: makeLog({ user, read: reads[id] }), ...more };
    places.set(id, place);
    return place;
  }

  /** The room or conversation; a room is entered, and stays so until it is left. */
  function open(id) {
    const place = places.get(id) ?? (isRoom(id) ? makeRoom(id) : makeTalk(id));
    if (!place.isRoom || place.isIn) return place;
    place.isIn = true;
    place.channel.open();
    begin(place);
    return place;
  }

  /** The client does not tell that a channel's history has been read to its end: it has a cursor then. */
  async function begin(room) {
    while (room.isIn && !room.channel.cursor) await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
    changed();
    look(room);
  }

  /** Hears no more of a room; what was said stays for who enters it again. */
  function leave(room) {
    room.isIn = false;
    room.channel.close();
    changed();
  }

  function makeRoom(id) {
    const channel = g.channel(`chat:${nameOf(id)}`, { history: true });
    const room = make(id, { channel, people: new Set([user]), count: 1, turns: 0, isIn: false });
    channel.on('message', (message) => tell(room, message));
    channel.on('gap', ({ missed, cursor }) => {
      lose(room, missed);
      comeBack(room, cursor);
    });
    channel.on('recovered', ({ cursor }) => comeBack(room, cursor));
    channel.on('join', (name) => move(room, name, 'came'));
    channel.on('leave', (name) => move(room, name, 'went'));
    channel.on('error', ({ reason }) => {
      room.log.note('gap', `This room cannot be heard: ${reason}.`);
      leave(room);
    });
    return room;
  }

  function makeTalk(id) {
    const talk = make(id);
    const idle = talks().filter((each) => each !== talk && each !== shown && !each.log.pending().length);
    if (places.size > MAX_PLACES && idle.length) places.delete(idle.at(-1).id);
    return talk;
  }

  /** What the visitor looks at. */
  function show(id) {
    shown = open(id);
    typing.follow(shown);
    changed();
    return shown;
  }

  const rooms = () => [...places.values()].filter(({ isIn }) => isIn);
  const talks = () => [...places.values()].filter((place) => !place.isRoom).sort((a, b) => b.log.newest - a.log.newest);

  // ---- messages

  function tell(place, message) {
    place.log.add(message);
    typing.said(place, message.from);
    changed();
  }

  /** One of the inbox, from somebody or a copy of one's own. */
  function tellDirect(message) {
    const isCopy = message.from === user && message.event?.startsWith('to:');
    const other = isCopy ? message.event.slice(3) : message.from ?? '';
    tell(open(`@${other}`), isCopy ? { ...message, event: SAY } : message);
  }

  function lose({ log }, missed) {
    // Where nothing was seen, nothing is missing.
    if (log.entries().length) log.note('gap', gapText(missed));
    changed();
  }

  /** What comes over a WebSocket does not say when it was said; for what one has missed, the history does. Nor who has gone meanwhile. */
  async function comeBack(room, cursor) {
    look(room);
    try {
      const { messages } = await room.channel.history({ after: cursor });
      for (const message of messages) tell(room, message);
    } catch {
      // then it has the time at which it came
    }
  }

  const inbox = g.channel(`inbox:${user}`); // heard as `direct`; this one is only asked for its history

  async function dateDirect(after) {
    try {
      const { messages } = await inbox.history({ after });
      for (const message of messages) tellDirect(message);
    } catch {
      return; // asked again when the connection is there again
    }
    hasInbox = true;
    changed();
  }

  // ---- what one says

  function say(place, text) {
    deliver(place, place.log.pend(text, { event: SAY }));
  }

  async function deliver(place, entry) {
    entry.problem = undefined;
    changed();
    try {
      const { cursor } = await (place.isRoom ? place.channel.publish(entry.data, { event: SAY }) : write(place.name, entry));
      place.log.settle(entry, cursor);
    } catch (problem) {
      entry.problem = problem;
    }
    changed();
  }

  async function write(person, entry) {
    if (person === user) return g.send(user, entry.data, { event: SAY });
    if (!entry.isSent) await g.send(person, entry.data, { event: SAY });
    entry.isSent = true;
    return g.send(user, entry.data, { event: `to:${person}` });
  }

  function discard(place, entry) {
    place.log.discard(entry);
    changed();
  }

  /** All that has no place yet: [{ place, text, isSent }]. */
  const unsent = () => [...places.values()].flatMap(({ id, log }) => log.pending().map(({ data, isSent }) => ({ place: id, text: data, isSent })));

  /** Shows what another client did not come to send, as failed. */
  function bringBack(list, reason) {
    for (const { place, text, isSent } of list) open(place).log.pend(text, { event: SAY, isSent, problem: { code: 0, reason } });
    changed();
  }

  // ---- people

  function move(room, name, how) {
    const isHere = how === 'came';
    room.turns += 1;
    if (name === user || room.people.has(name) === isHere) return;
    if (isHere) room.people.add(name);
    else room.people.delete(name);
    room.count += isHere ? 1 : -1;
    if (room.people.size <= MANY_PEOPLE) room.log.note(how, name);
    if (!isHere) typing.said(room, name);
    changed();
  }

  /** Reads who is there; what is told while it is being read counts more, so then it is read again. */
  async function look(room) {
    let before;
    do {
      before = room.turns;
      try {
        const { users, count } = await room.channel.presence();
        const people = new Set(users.map(({ user: name }) => name).concat(user));
        Object.assign(room, { people, count: Math.max(count, people.size) });
      } catch {
        return; // looked for again when the connection is there again, and each minute
      }
    } while (before !== room.turns && room.isIn);
    changed();
  }

  const typing = openTyping(g, { user, changed });

  // ---- the beginning and the end

  const ends = [
    g.on('direct', tellDirect),
    g.on('gap', ({ missed, cursor }) => {
      for (const talk of talks()) lose(talk, missed); // nobody knows whose they were
      dateDirect(cursor);
    }),
    g.on('recovered', ({ cursor }) => dateDirect(cursor)),
    g.on('state', ({ state }) => {
      if (state === 'online') meet();
      changed();
    }),
  ];
  const looking = setInterval(() => rooms().forEach(look), LOOK_MS);
  function meet() {
    if (!hasInbox) dateDirect();
  }
  if (g.state === 'online') meet();

  return {
    user,
    open,
    show,
    leave,
    say,
    discard,
    unsent,
    bringBack,
    rooms,
    talks,
    retry: deliver,
    typing,
    place: (id) => places.get(id),
    all: () => [...places.values()],
    isOnline: () => g.state === 'online',
    /** Whether what was said before is there: until then an empty place is not known to be quiet. */
    isLoaded: (place) => (place.isRoom ? place.channel.cursor !== undefined : hasInbox),
    /** Who is in any of one's rooms. */
    whereIs: (person) => rooms().filter(({ people }) => people.has(person)),
    close() {
      clearInterval(looking);
      for (const end of ends) end();
      typing.close();
      changed = () => {};
      g.close();
    },
  };
}
