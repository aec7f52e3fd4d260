// SPDX-License-Identifier: MIT
// One window on the map's channel: says where its marker and its couriers are, hears where the others are.
//
// Positions are now or never (`volatile`). One publication carries the marker and all couriers, at most 15 a second, and less
// where many are here or the way is slow: we hear our own, so we know how many are under way.

import { watchPresence } from '../design/presence.js';
import { segment } from '../design/text.js';
import { makeCrowd } from './crowd.js';

const STEP_MS = 66; // between two publications of a marker that moves
const RIDE_MS = 200; // of couriers alone
const SIGN_MS = 2_000; // of a window where nothing moves
const ANSWER_MS = 300; // whoever comes asks for a sign; not all answer at once
const CROWD = 25; // windows that all may say 15 a second; where there are more, each says less
const ECHO_MS = 2_000; // what has not come back by then was lost on its way

export const DEFAULT_ROOM = 'town';

/** The room that an address asks for (`?room=NAME`); the town where that cannot be a channel's name. */
export function roomOf(address) {
  const room = new URL(address).searchParams.get('room') ?? '';
  const isName = /^[^\u0000-\u001f\u007f]+$/.test(room) && !room.endsWith('/') && new TextEncoder().encode(room).length <= 200;
  return isName ? room : DEFAULT_ROOM;
}

/** The command that puts something on the map from a terminal. */
export const terminalLine = (origin, room) => `curl -d '{"who":"Van 7","x":0.4,"y":0.6}' ${origin}/channels/map:${segment(room)}`;

const short = (n) => Math.round(n * 1e4) / 1e4;

/**
 * @param {object} at  `client`, `room`, `id` (of this window), `name`, `tell` (crowd.js); `now`, `random` and `wait` for tests
 */
export function openRoom({ client, room, id, name, tell, now = Date.now, random = Math.random, wait }) {
  const crowd = makeCrowd(tell);
  const channel = client.channel(`map:${room}`);
  const own = { x: 0.5, y: 0.5, couriers: [] };
  const heard = []; // when, of the last second
  let saidAt = -Infinity, flying = 0, hasMoved = true, hasRidden = false, answerAt, beatAt = now();

  const ends = [
    channel.on('message', (message) => {
      const at = now();
      heard.push(at);
      while (heard[0] <= at - 1000) heard.shift();
      const { event, from, text } = message;
      if (event === 'hello') answerAt ??= at + ANSWER_MS * random();
      else if (text.includes(`"id":"${id}"`)) flying = 0;
      else crowd.hear(event, from, text);
    }),
    client.on('state', ({ state }) => state === 'online' && begin()),
    watchPresence(client, channel, { list: ({ users }) => crowd.present(users), move: (user, isHere) => (isHere ? crowd.join(user) : crowd.leave(user)), wait }).end,
  ];
  if (client.state === 'online') begin();

  /** Connected, at first or again: who is here, and where? */
  function begin() {
    crowd.doubt();
    flying = 0;
    publish('', 'hello');
    say();
  }

  function publish(data, event) {
    channel.publish(data, { event, volatile: true }).catch(() => {}); // now or never
  }

  function say() {
    const c = own.couriers.map(short);
    publish({ id, who: name, x: short(own.x), y: short(own.y), ...c.length && { c } }, 'at');
    saidAt = now();
    flying += 1;
    hasMoved = hasRidden = false;
    answerAt = undefined;
  }

  function isDue(at) {
    const since = at - saidAt;
    const most = client.transport === 'websocket' ? 8 : 1;
    if (flying >= most && since < ECHO_MS) return false;
    const share = Math.ceil((crowd.markers.size + 1) / CROWD);
    return (hasMoved && since >= STEP_MS * share) || (hasRidden && since >= RIDE_MS * share) || answerAt <= at || since >= SIGN_MS;
  }

  return {
    crowd,
    own,

    /** The marker is here now. Gives the milliseconds until that can be said, 0 when it has been. */
    move(x, y) {
      hasMoved ||= own.x !== x || own.y !== y;
      Object.assign(own, { x, y });
      return this.beat();
    },

    /** Where the couriers are: x, y, x, y … */
    ride(places) {
      hasRidden = places.length > 0 || own.couriers.length > 0;
      own.couriers = places;
    },

    /** Called several times a second. Time in which we slept or were cut off does not count against the others. */
    beat() {
      const at = now();
      const isOnline = client.state === 'online';
      if (isOnline) crowd.pass(Math.min(at - beatAt, 1000));
      beatAt = at;
      if (isOnline && isDue(at)) say();
      return hasMoved ? Math.max(1, STEP_MS - (at - saidAt)) : 0;
    },

    get rate() {
      const at = now();
      while (heard[0] <= at - 1000) heard.shift();
      return heard.length;
    },

    /** Says goodbye, so that the others need not wait for presence. A page that is being left can only hand it to a beacon. */
    leave(beacon) {
      ends.forEach((end) => end());
      if (client.transport === 'websocket' || !beacon) publish(id, 'gone');
      else beacon(`/channels/${encodeURIComponent(`map:${room}`)}?event=gone&user=${encodeURIComponent(name)}`, id);
    },
  };
}
