// SPDX-License-Identifier: MIT
// Who is in a room: its presence read as a list, and between two readings what is told of who comes and goes.

const MANY_PEOPLE = 50; // among so many the log does not tell who comes and goes

/** What a room holds of it. `turns`: how often somebody came or went. */
export const makePeople = (user) => ({ user, people: new Set([user]), count: 1, turns: 0 });

/** Somebody has come or gone; whether that is news. */
export function move(room, name, isHere) {
  room.turns += 1;
  if (name === room.user || room.people.has(name) === isHere) return false;
  if (isHere) room.people.add(name);
  else room.people.delete(name);
  room.count += isHere ? 1 : -1;
  if (room.people.size <= MANY_PEOPLE) room.log.note(isHere ? 'joined' : 'left', name);
  return true;
}

/** Reads the list. What is told while it is being read may be newer: then it is read again. */
export async function look(room, changed) {
  let before;
  do {
    before = room.turns;
    try {
      const { users, count } = await room.channel.presence();
      room.people = new Set([room.user, ...users.map(({ user }) => user)]);
      room.count = Math.max(count, room.people.size);
    } catch {
      return; // looked for again when the connection is back, and from time to time
    }
  } while (before !== room.turns && room.isIn);
  changed();
}
