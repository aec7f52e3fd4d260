// SPDX-License-Identifier: MIT
// Who is in a channel, as true as can be known: the list of presence when there is a connection, what is told of those who come and
// go, and the list again, soon (what happened between it and the subscription was told to nobody here) and then now and then (a
// server that is too busy leaves notices out).

const SOON_MS = 3_000;
const LOOK_MS = 60_000;
const AGAIN_MS = 2_000; // after no answer
const ANSWER_MS = 6_000;

/** Calls `step` after so many milliseconds; gives what prevents that. */
function later(step, ms) {
  const timer = setTimeout(step, ms);
  return () => clearTimeout(timer);
}

/**
 * `list({ users, count })`: these are there, [{ user, sessions }] and so many at least; `move(user, isHere)`: one has come or gone.
 * `wait`: for tests. Gives `look()`, which reads the list now, and `end()`.
 */
export function watchPresence(client, channel, { list, move, wait = later }) {
  let told, turns = 0, isOver = false, cancel = () => {}; // `told`: of those who came and went while the list is being read

  function hear(user, isHere) {
    told?.push([user, isHere]);
    move(user, isHere);
  }

  const answer = () => new Promise((resolve, reject) => {
    const settle = wait(() => reject(new Error('late')), ANSWER_MS);
    channel.presence().then(resolve, reject).finally(settle);
  });

  async function look(next = LOOK_MS) {
    if (isOver) return;
    const turn = ++turns; // a newer one makes this one void
    cancel();
    told = [];
    const read = await answer().catch(() => undefined);
    if (turn !== turns || isOver) return;
    if (read) list(merged(read, told));
    told = undefined;
    cancel = wait(() => client.state === 'online' && look(), read ? next : AGAIN_MS);
  }

  const ends = [
    channel.on('join', (user) => hear(user, true)),
    channel.on('leave', (user) => hear(user, false)),
    client.on('state', ({ state }) => state === 'online' && look(SOON_MS)),
  ];
  if (client.state === 'online') look(SOON_MS);

  return {
    look,
    end() {
      isOver = true;
      cancel();
      ends.forEach((end) => end());
    },
  };
}

/** The list may be from before what was told meanwhile, or from after it: then that changes nothing. */
function merged({ users, count }, told) {
  const there = new Map(users.map((each) => [each.user, each]));
  for (const [user, isHere] of told) {
    if (!isHere) there.delete(user);
    else if (!there.has(user)) there.set(user, { user, sessions: 1 });
  }
  return { users: [...there.values()], count: count + there.size - users.length };
}
