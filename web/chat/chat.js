// SPDX-License-Identifier: MIT
// The chat on the client, without a page: rooms are the channels `chat:ROOM`, a conversation is what stands in one's inbox from
// and to a person. A message is plain text, published with the event `say`; who sent it the server says.
//
// A message to a person goes to their inbox and then, with the event `to:PERSON`, to one's own: so every window of both has both
// sides, in one order, and a reload brings them back.

import { shownName } from '../design/name.js';
import { watchPresence } from '../design/presence.js';
import { makeLog } from './log.js';
import { makePeople, move, take } from './people.js';
import { openTyping } from './typing.js';
import { gapText, isRoom, nameOf } from './words.js';

const SAY = 'say';
const MAX_PLACES = 100; // anybody may write to anybody
const ANSWER_MS = 2_000;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * `g`: a client; `user`: who one is in it; `reads`: how far was read before, cursors by place; `changed`: told after anything did.
 */
export function openChat(g, { user, reads = {}, changed = () => {} }) {
  const places = new Map(); // by what words.js calls them: `#lobby`, `@Ann`
  let hasInbox = false, isOver = false, shown;

  // ---- places

  function make(id, more) {
    const place = { id, name: nameOf(id), shown: shownName(nameOf(id)), isRoom: isRoom(id), log: makeLog({ user, read: reads[id] }), ...more };
    places.set(id, place);
    return place;
  }

  /** The room or conversation; a room is entered, and stays so until it is left. */
  function open(id) {
    const place = places.get(id) ?? (isRoom(id) ? makeRoom(id) : makeTalk(id));
    if (!place.isRoom || place.isIn) return place;
    place.isIn = true;
    place.presence = watchPresence(g, place.channel, {
      list(people) {
        take(place, people);
        changed();
      },
      move(name, isHere) {
        if (!isHere) typing.said(place, name);
        if (move(place, name, isHere)) changed();
      },
    });
    begin(place);
    return place;
  }

  /** Its history is being read, and then who is there. */
  async function begin(room) {
    await room.channel.open();
    if (!room.isIn || isOver) return;
    changed();
  }

  /** Hears no more of a room; what was said stays for who enters it again. */
  function leave(room) {
    room.isIn = false;
    room.presence.end();
    room.channel.close();
    changed();
  }

  function makeRoom(id) {
    const channel = g.channel(`chat:${nameOf(id)}`, { history: true });
    const room = make(id, { channel, ...makePeople(user), isIn: false });
    channel.on('message', (message) => tell(room, message));
    channel.on('gap', ({ missed, cursor }) => {
      lose(room, missed);
      comeBack(room, cursor);
    });
    channel.on('recovered', ({ cursor }) => comeBack(room, cursor));
    channel.on('error', ({ code, reason }) => {
      if (!code) return comeBack(room); // no refusal: the connection was lost while the history was read
      room.log.note('gap', `This room cannot be heard: ${reason}.`);
      return leave(room);
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

  const all = () => [...places.values()];
  const rooms = () => all().filter(({ isIn }) => isIn);
  const talks = () => all().filter((place) => !place.isRoom).sort((a, b) => b.log.newest - a.log.newest);

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

  /** What comes over a WebSocket does not say when it was said; for what one has missed, the history does. */
  async function comeBack(room, cursor) {
    room.presence.look();
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

  const underway = new Set();

  function deliver(place, entry) {
    const delivery = send(place, entry).finally(() => underway.delete(delivery));
    underway.add(delivery);
  }

  /** `isOut`: it has been on its way, so that without an answer it may be there or not. */
  async function send(place, entry) {
    entry.problem = undefined;
    entry.isOut ||= g.state === 'online';
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

  /** All that has no place yet: [{ place, text, isSent, isOut, code, reason }]. */
  const unsent = () => all().flatMap(({ id, log }) => log.pending().map(({ data, isSent, isOut, problem }) => (
    { place: id, text: data, isSent, isOut, code: problem?.code, reason: problem?.reason })));

  /** What another client did not come to send is sent by this one; of what was refused or may be there the visitor decides. */
  function bringBack(list, why) {
    for (const { place, text, isSent, isOut, code, reason } of list) {
      const isRefused = code > 0 && code < 1000; // above: the connection's
      const problem = isRefused ? { code, reason } : { code: 0, reason: why };
      if (isOut || isRefused) open(place).log.pend(text, { event: SAY, isSent, isOut, problem });
      else say(open(place), text);
    }
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
  function meet() {
    if (!hasInbox) dateDirect();
    for (const { log } of all()) for (const entry of log.pending()) entry.isOut = true;
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
    all,
    isOnline: () => g.state === 'online',
    /** Settles when everything that is on its way has its answer, or would have had it by now. */
    answered: () => (g.state === 'online' ? Promise.race([Promise.all(underway), pause(ANSWER_MS)]) : undefined),
    /** Whether what was said before is there: until then an empty place is not known to be quiet. */
    isLoaded: (place) => (place.isRoom ? place.channel.cursor !== undefined : hasInbox),
    /** Who is in any of one's rooms. */
    whereIs: (person) => rooms().filter(({ people }) => people.has(person)),
    close() {
      isOver = true;
      for (const room of rooms()) room.presence.end();
      for (const end of ends) end();
      typing.close();
      changed = () => {};
      g.close();
    },
  };
}
