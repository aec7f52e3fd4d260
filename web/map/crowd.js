// SPDX-License-Identifier: MIT
// Who is on the map, as the channel tells it: markers by window, people by name. No network, no page, no clock of its own: `pass`
// tells how much time has gone by while we could hear.
//
// Anybody may publish in the channel. So what is no position is passed over, and everything that could grow has a cap.

import { cleanName, shownName } from '../design/name.js';

export const SILENCE_MS = 10_000; // whoever gives no sign for so long has gone; windows give one every 2 s
export const ANSWER_MS = 4_000; // after we were away: those who are still there have answered within this
export const BARE_MS = 6_000; // presence keeps for 5 s who has left: until then, who is not on the map may not be here either
export const IDLE_MS = 20_000;
export const MAX_MARKERS = 200;
export const MAX_OF_ONE = 50; // of them from one user, or from all outside together: a flood leaves room for the others
export const MAX_COURIERS = 20; // of one window
export const MAX_ALL_COURIERS = 400;
export const MAX_PEOPLE = 300;
const MAX_TEXT = 2048;
const MAX_BURIED = 200;

const isPlace = (n) => typeof n === 'number' && n >= 0 && n <= 1;

/** A published position, checked: { id, who, x, y, couriers }, or nothing. */
export function readAt(text) {
  if (text.length > MAX_TEXT) return undefined;
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { id, who, x, y, c } = said ?? {};
  if (!isPlace(x) || !isPlace(y)) return undefined;
  const flat = Array.isArray(c) ? c.slice(0, 2 * MAX_COURIERS) : [];
  const couriers = [];
  for (let i = 0; i + 1 < flat.length && isPlace(flat[i]) && isPlace(flat[i + 1]); i += 2) couriers.push({ x: flat[i], y: flat[i + 1] });
  return { id: readId(id), who: typeof who === 'string' ? cleanName(who) : '', x, y, couriers };
}

const readId = (id) => (typeof id === 'string' && /^[a-z0-9]{1,16}$/.test(id) ? id : '');

/**
 * `tell(what, value)`: 'at' MARKER, 'gone' MARKER, 'join' PERSON, 'leave' PERSON. Nobody joins before the first list of who is
 * present: those were there.
 *
 * @typedef {object} Marker   one window, or one thing placed from outside
 * @property {string} key  @property {Person} person  @property {string} name
 * @property {number} x  @property {number} y  0 to 1, from the map's west and north
 * @property {{x: number, y: number}[]} couriers
 * @property {number} quiet  ms without a sign   @property {number} still  ms without a move
 *
 * @typedef {object} Person
 * @property {string} key  @property {string} name
 * @property {boolean} isOutside  not a session with a name: a script
 * @property {number} sessions  as presence has it   @property {Set<Marker>} markers   @property {number} bare  ms without any
 */
export function makeCrowd(tell) {
  const markers = new Map();
  const people = new Map();
  const buried = new Map(); // windows that said goodbye: what of theirs was under way raises nobody
  const departed = new Map(); // users who said goodbye: presence has them in its list for some seconds more
  let couriers = 0, isSettled = false;

  const keyOf = (from, id) => `${from ?? ''}\n${id}`;

  function arrive(from, who) {
    const key = from === undefined ? `outside ${who}` : `user ${from}`;
    let person = people.get(key);
    if (person || people.size >= MAX_PEOPLE) return person;
    person = { key, name: from === undefined ? who : shownName(from) || 'Somebody', isOutside: from === undefined, sessions: 0, markers: new Set(), bare: 0 };
    people.set(key, person);
    if (isSettled) tell('join', person);
    return person;
  }

  function letGo(person) {
    if (person.sessions || person.markers.size || !people.delete(person.key)) return;
    if (isSettled) tell('leave', person);
  }

  function remove(marker) {
    markers.delete(marker.key);
    marker.person.markers.delete(marker);
    couriers -= marker.couriers.length;
    tell('gone', marker);
  }

  function hasRoom(from) {
    if (markers.size >= MAX_MARKERS) return false;
    let count = 0;
    for (const { from: other } of markers.values()) if (other === from) count += 1;
    return count < MAX_OF_ONE;
  }

  function place(from, said) {
    const who = said.who || cleanName(from ?? '');
    const key = keyOf(from, said.id || who);
    if (!who || buried.has(key)) return;
    let marker = markers.get(key);
    if (!marker) {
      if (!hasRoom(from)) return;
      const person = arrive(from, who);
      if (!person) return;
      marker = { key, from, person, couriers: [], still: 0 };
      markers.set(key, marker);
      person.markers.add(marker);
    }
    const isMove = marker.x !== said.x || marker.y !== said.y;
    couriers -= marker.couriers.length;
    const fit = said.couriers.slice(0, Math.max(0, MAX_ALL_COURIERS - couriers));
    couriers += fit.length;
    Object.assign(marker, { name: who, x: said.x, y: said.y, couriers: fit, quiet: 0, still: isMove ? 0 : marker.still });
    tell('at', marker);
  }

  /** By a window's id, or the name of what was placed from outside. */
  function goodbye(from, text) {
    const id = readId(text);
    const key = keyOf(from, id || cleanName(text.slice(0, MAX_TEXT)));
    if (id && people.has(`user ${from}`) && buried.size < MAX_BURIED) buried.set(key, 0);
    const marker = markers.get(key);
    if (!marker) return;
    remove(marker);
    // Presence waits some seconds for whoever may come back; who says goodbye does not.
    const { person } = marker;
    if (person.sessions === 1 && !person.markers.size) {
      person.sessions = 0;
      if (departed.size < MAX_BURIED) departed.set(from, 0);
    }
    letGo(person);
  }

  function age(all, ms, most) {
    for (const [key, old] of all) {
      if (old + ms > most) all.delete(key);
      else all.set(key, old + ms);
    }
  }

  return {
    markers,
    people,
    get couriers() { return couriers; },

    /** What came in the channel. */
    hear(event, from, text) {
      if (event === 'gone') goodbye(from, text);
      else if (event === undefined || event === 'at') {
        const said = readAt(text);
        if (said) place(from, said);
      }
    },

    /** So many milliseconds have passed in which we would have heard. */
    pass(ms) {
      for (const marker of [...markers.values()]) {
        marker.quiet += ms;
        marker.person.bare = -ms;
        marker.still += ms;
        if (marker.quiet < SILENCE_MS) continue;
        remove(marker);
        letGo(marker.person);
      }
      for (const person of people.values()) person.bare += ms;
      age(buried, ms, SILENCE_MS);
      age(departed, ms, BARE_MS);
    },

    /** We have been away: whoever does not answer soon is not there any more. */
    doubt() {
      for (const marker of markers.values()) marker.quiet = Math.max(marker.quiet, SILENCE_MS - ANSWER_MS);
    },

    // ---- presence

    present(list) {
      const before = new Set(people.values());
      for (const { user, sessions } of list) {
        if (departed.has(user) && !people.has(`user ${user}`)) continue;
        const person = arrive(user);
        if (!person) continue;
        person.sessions = sessions;
        before.delete(person);
      }
      for (const person of before) {
        person.sessions = 0;
        letGo(person);
      }
      isSettled = true;
    },

    join(user) {
      departed.delete(user);
      const person = arrive(user);
      if (person) person.sessions ||= 1;
    },

    leave(user) {
      departed.delete(user);
      const person = people.get(`user ${user}`);
      if (!person) return;
      person.sessions = 0;
      [...person.markers].forEach(remove);
      letGo(person);
    },
  };
}
