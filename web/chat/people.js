// SPDX-License-Identifier: MIT
// Who is in a room: its presence read as a list, and between two readings what is told of who comes and goes.

const MANY_PEOPLE = 50; // among so many the log does not tell who comes and goes

/** What a room holds of it. */
export const makePeople = (user) => ({ user, people: new Set([user]), count: 1 });

/** Somebody has come or gone; whether that is news. */
export function move(room, name, isHere) {
  if (name === room.user || room.people.has(name) === isHere) return false;
  if (isHere) room.people.add(name);
  else room.people.delete(name);
  room.count += isHere ? 1 : -1;
  if (room.people.size <= MANY_PEOPLE) room.log.note(isHere ? 'joined' : 'left', name);
  return true;
}

/** The list of those who are there. */
export function take(room, { users, count }) {
  room.people = new Set([room.user, ...users.map(({ user }) => user)]);
  room.count = Math.max(count, room.people.size);
}
