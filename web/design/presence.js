// SPDX-License-Identifier: MIT
// Who is in a channel, as true as can be known: the list of presence when there is a connection, what is told of those who come and
// go, and the list again, soon (what happened between it and the subscription was told to nobody here) and then now and then (a
// server that is too busy leaves notices out). When a server starts anew, or a network comes back, people come back one by one: who
// was there before stays on the list for a moment, and has not left and come.

const SOON_MS = 3_000;
const RETURN_MS = 10_000; // so long after a loss others may take to come back
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
  let here = new Map(), isNew = true, isBack = false; // the connection: nothing was read a moment later yet; there was one before

  function hear(user, isHere) {
    told?.push([user, isHere]);
    if (!isHere) here.delete(user);
    else if (!here.has(user)) here.set(user, { user, sessions: 1 });
    move(user, isHere);
  }

  /** While a connection is new, who was there before it is still. Not in a crowd: the list of one is not whole. */
  function show(read) {
    const isWhole = read.count <= read.users.length;
    const now = merged(read, told);
    const listed = new Set(now.users.map(({ user }) => user));
    const awaited = isNew && isBack && isWhole ? [...here.values()].filter(({ user }) => !listed.has(user)) : [];
    const users = [...now.users, ...awaited];
    here = new Map(users.map((each) => [each.user, each]));
    list({ users, count: now.count + awaited.length });
  }

  const answer = () => new Promise((resolve, reject) => {
    const settle = wait(() => reject(new Error('late')), ANSWER_MS);
    channel.presence().then(resolve, reject).finally(settle);
  });

  async function look() {
    if (isOver) return;
    const turn = ++turns; // a newer one makes this one void
    cancel();
    told = [];
    const read = await answer().catch(() => undefined);
    if (turn !== turns || isOver) return;
    if (read) show(read);
    told = undefined;
    cancel = wait(() => {
      if (client.state !== 'online') return;
      isNew &&= !read;
      look();
    }, !read ? AGAIN_MS : !isNew ? LOOK_MS : isBack ? RETURN_MS : SOON_MS);
  }

  function begin() {
    isNew = true;
    isBack = here.size > 0;
    look();
  }

  const ends = [
    channel.on('join', (user) => hear(user, true)),
    channel.on('leave', (user) => hear(user, false)),
    client.on('state', ({ state }) => state === 'online' && begin()),
  ];
  if (client.state === 'online') begin();

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
