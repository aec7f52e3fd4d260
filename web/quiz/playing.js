// SPDX-License-Identifier: MIT
// A quiz on the network, as one who plays: hears the state, says answers, knows whether the host is there. What is seen of it is
// player-view.js.

import { watchPresence } from '../design/presence.js';
import { readMine, readState } from './format.js';
import { places } from './game.js';
import { answersChannel, isHost, stateChannel } from './names.js';

const AGAIN_MS = 2000;
const SILENT_MS = 12_000; // while a question is open the host says the state every two seconds

/**
 * @param g  the client  @param {string} code  @param {string} me  the user
 * @param {{changed(), now?, kept?: object, keep?(mine)}} how  `kept`: what `keep` was last given, in a page that is loaded again
 */
export function openPlaying(g, code, me, { changed, now = Date.now, kept = null, keep = () => {} }) {
  const room = g.channel(stateChannel(code), { history: true });
  const answers = g.channel(answersChannel(code));
  let state = null; // the last snapshot
  let isHere = null; // the host; null: not known yet
  let heard = 0; // when the host was last heard
  let mine = readMine(kept); // { round, began, choice?, ms?, said? }; said: sending, sent or failed
  let reading, isOver = false;

  // ---- the state

  function accept(next) {
    if (state && next.seq <= state.seq) return;
    state = next;
    if (state.round && state.round !== mine?.round) mine = { round: state.round, began: Infinity };
    if (state.phase === 'open') {
      // Whatever delays a message makes it look as if the question had begun later: the earliest is the right one.
      const began = Math.min(mine.began ?? Infinity, now() - state.elapsed);
      if (began !== mine.began) remember({ began });
    }
    changed();
    if (state.phase === 'open' && mine.choice !== undefined && mine.said === undefined) say();
  }

  function remember(more) {
    mine = { ...mine, ...more };
    const { said, ...rest } = mine;
    keep(said === 'sent' ? mine : rest); // what has no answer yet is said again by the next page
  }

  const left = () => (state?.phase === 'open' && state.limit ? Math.max(0, mine.began + state.limit * 1000 - now()) : Infinity);

  // ---- the answer

  /** The first answer is the one that counts; it waits where there is no connection. */
  function answer(choice) {
    if (state?.phase !== 'open' || mine.choice !== undefined || left() === 0) return;
    remember({ choice, ms: Math.max(0, Math.round(now() - mine.began)) });
    say();
  }

  async function say() {
    const { round, choice, ms } = mine;
    const settle = (said) => {
      if (mine.round !== round || isOver) return;
      remember({ said });
      changed();
    };
    settle('sending');
    try {
      await answers.publish({ round, choice, ms }, { event: 'answer' });
      settle('sent');
    } catch {
      settle('failed');
    }
  }

  /** The server has forgotten what was said, the answer perhaps too. To the host the second one is nothing. */
  function sayAgain() {
    if (state?.phase === 'open' && mine?.said === 'sent') say();
  }

  // ---- the host

  function notice(is) {
    if (isHere === is) return;
    if (is) heard = now();
    isHere = is;
    changed();
  }

  let isFresh = false; // what is heard now is said now, and not what the channel kept
  function list({ users }) {
    const is = users.some(({ user }) => isHost(user, code));
    if (is && !isFresh) heard = now();
    isFresh = true;
    notice(is);
  }
  function hear(message) {
    const next = readState(message, code);
    if (!next) return;
    if (isFresh) {
      heard = now();
      notice(true);
    }
    accept(next);
  }

  /** What the channel keeps could not be read: once more, if it has not come otherwise. */
  function readAgain() {
    clearTimeout(reading);
    reading = setTimeout(async () => {
      const { messages } = await room.history().catch(() => ({ messages: [] }));
      messages.forEach(hear);
      if (!state && !messages.length && !isOver) readAgain();
    }, AGAIN_MS);
  }

  const ends = [
    room.on('message', hear),
    room.on('error', readAgain),
    room.on('gap', sayAgain),
    g.on('state', () => {
      isFresh = false;
      changed();
    }),
    watchPresence(g, room, { list, move: (user, is) => isHost(user, code) && notice(is) }).end,
  ];

  return {
    get state() { return state; },
    get mine() { return mine; },
    get left() { return left(); },
    /** true, false, or null where it is not known. */
    get isHostHere() {
      const isSilent = state?.phase === 'open' && g.state === 'online' && isHere && now() - heard > SILENT_MS;
      return isSilent ? false : isHere;
    },
    /** After a question and at the end: everybody's place, and one's own (undefined: not among them). */
    get ranking() {
      const all = state?.players ? places(state.players) : [];
      return { all, own: all.find(({ user }) => user === me) };
    },
    answer,
    tryAgain: () => mine?.said === 'failed' && say(),
    stop() {
      isOver = true;
      clearTimeout(reading);
      ends.forEach((end) => end());
    },
  };
}
