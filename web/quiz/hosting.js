// SPDX-License-Identifier: MIT
// A quiz on the network, as its host: says the state, hears the answers and who is there, and closes a question when its time is
// over. The quiz itself is game.js; what is seen of it, host-view.js.
//
// Invariant: a question is closed only after all has been read that the answers' channel took before. So an answer that the
// server had before the closing counts, whatever the host's connection did meanwhile.

import { watchPresence } from '../design/presence.js';
import { readState } from './format.js';
import * as game from './game.js';
import { answersChannel, hostUser, isPlayer, makeId, stateChannel } from './names.js';

const BEAT_MS = 2000; // while a question is open, so that who comes late knows how much time is left
const CALM_MS = 30_000; // else: the channel keeps nothing for ever
const AGAIN_MS = 1000;
const ANSWER_MS = 5000;

const within = (promise, ms) => {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('late')), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/**
 * @param g  the client, whose user is the host's  @param {object} quiz  of game.js; changed here
 * @param {{save(isUrgent?), changed(), overtaken?(), now?}} how  `save`: keeps the quiz, `save(true)` at once; `changed`:
 *   there is something to show; `overtaken`: another window hosts it
 */
export function openHosting(g, quiz, { save, changed, overtaken = () => {}, now = Date.now }) {
  const me = hostUser(quiz.id);
  quiz.began = Math.min(quiz.began, now()); // this machine's clock may have been set back
  const room = g.channel(stateChannel(quiz.code));
  const answers = g.channel(answersChannel(quiz.code), quiz.cursor ? { after: quiz.cursor } : { history: true });
  const present = new Set();
  let isClosing = false, isReading = false, isOver = false;
  let beating, ending, repeating;

  // ---- what is said

  function publish(isBeat) {
    clearTimeout(beating);
    if (isOver) return;
    beating = setTimeout(publish, quiz.phase === 'open' ? BEAT_MS : CALM_MS, true);
    if (g.state !== 'online') return; // when it is back, the state of that moment is said
    quiz.seq = Math.max(quiz.seq + 1, now()); // rises, even where a page was lost before it kept it
    save();
    room.publish(game.snapshot(quiz, now()), { event: 'state', volatile: isBeat === true }).catch(() => {});
  }

  /** Somebody else's message may have pushed ours out of what the channel keeps. */
  function repeat() {
    repeating ??= setTimeout(() => {
      repeating = undefined;
      publish();
    }, AGAIN_MS);
  }

  // ---- who is there

  function move(user, isHere) {
    if (isHere && isPlayer(user)) present.add(user);
    if (!isHere) present.delete(user);
    changed();
  }

  function list({ users }) {
    present.clear();
    for (const { user } of users) move(user, true);
    changed();
  }

  // ---- what is heard

  function hear(message) {
    if (!game.take(quiz, message, now())) return false;
    changed();
    return true;
  }

  async function read() {
    const { messages } = await within(answers.history({ after: quiz.cursor }), ANSWER_MS);
    messages.forEach(hear);
  }

  /** Closes the question as soon as all that was answered has been read; without a connection, when it is back. */
  async function close() {
    if (quiz.phase !== 'open') return;
    isClosing = true;
    clearTimeout(ending);
    changed();
    if (isReading || g.state !== 'online') return;
    isReading = true;
    try {
      await read();
      if (quiz.phase === 'open' && !isOver) {
        isClosing = false;
        game.close(quiz, present);
        stepped();
      }
    } catch {
      if (!isOver) ending = setTimeout(close, AGAIN_MS);
    }
    isReading = false;
  }

  function awaitEnd() {
    clearTimeout(ending);
    const left = quiz.phase === 'open' ? game.timeToEnd(quiz, now()) : Infinity;
    if (left < Infinity) ending = setTimeout(close, Math.max(0, left));
  }

  /** After a step of the host's: said, kept, shown. */
  function stepped() {
    save(true);
    awaitEnd();
    publish();
    changed();
  }

  /** Another window hosts this quiz now (where a browser has no locks to prevent that): the later one has it. */
  function give() {
    stop();
    overtaken();
  }

  function stop() {
    isOver = true;
    ends.forEach((end) => end());
    [beating, ending, repeating].forEach(clearTimeout);
  }

  const ends = [
    answers.on('message', (message) => {
      const counted = hear(message);
      quiz.cursor = message.cursor;
      if (counted) save();
    }),
    answers.on('gap', ({ cursor }) => { quiz.cursor = cursor; }),
    room.on('message', (message) => {
      if (message.from !== me) repeat();
      else if (readState(message, quiz.code)?.seq > quiz.seq) give();
    }),
    g.on('state', ({ state }) => {
      if (state === 'online') {
        publish();
        if (isClosing) close();
      }
      changed();
    }),
    watchPresence(g, room, { list, move }).end,
  ];
  awaitEnd();

  return {
    present,
    get isClosing() { return isClosing; },
    /** Players who are there or have answered: of so many, an answer is waited for. */
    get of() { return new Set([...present, ...quiz.answers.keys()]).size; },
    put() {
      game.put(quiz, makeId(6), now());
      stepped();
    },
    close,
    finish() {
      game.finish(quiz);
      stepped();
    },
    restart() {
      game.restart(quiz);
      stepped();
    },
    /** The questions have changed. */
    edited() {
      save();
      repeat();
    },
    stop,
  };
}
