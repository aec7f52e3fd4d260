// SPDX-License-Identifier: MIT
// What the quiz keeps in this browser: for a host, each quiz as it stands and the questions written last; for a player, who one is
// in a quiz and what one answered. Where a browser refuses, it lasts as long as the page.

import { readQuestions } from './format.js';
import { pack, unpack } from './game.js';
import { makeId, playerUser } from './names.js';

const HOSTED = 'godwit.quiz.host.';
const QUESTIONS = 'godwit.quiz.questions';
const PLAYED = 'godwit.quiz.play.';
const MAX_HOSTED = 5; // quizzes; older ones make room
const SAVE_MS = 150; // answers come by the hundred: they are not kept one by one

const attempt = (step, otherwise = null) => {
  try {
    return step() ?? otherwise;
  } catch {
    return otherwise;
  }
};
const get = (store, key) => attempt(() => JSON.parse(store().getItem(key)));
const local = () => localStorage, session = () => sessionStorage;
const set = (store, key, value) => attempt(() => store().setItem(key, JSON.stringify(value)));

// ---- the host's

export const questionsOf = () => readQuestions(get(local, QUESTIONS));
export const keepQuestions = (questions) => set(local, QUESTIONS, questions);

/** The quiz of this code that this browser hosts, or null. */
export const hosted = (code) => attempt(() => unpack(local().getItem(HOSTED + code)));

/** All that it hosts, the latest first: { code, kept }. */
export function allHosted() {
  const keys = attempt(() => Object.keys(local()), []).filter((key) => key.startsWith(HOSTED));
  return keys.map((key) => ({ code: key.slice(HOSTED.length), ...get(local, key) })).sort((a, b) => b.kept - a.kept);
}

/** Gives `save(isUrgent)`: at most every so often, where it is not urgent, and at last when the page goes. */
export function keeper(quiz) {
  let waiting;
  function write() {
    clearTimeout(waiting);
    waiting = undefined;
    attempt(() => local().setItem(HOSTED + quiz.code, pack({ ...quiz, kept: Date.now() })));
  }
  addEventListener('pagehide', () => waiting && write());
  write();
  for (const { code } of allHosted().slice(MAX_HOSTED)) attempt(() => local().removeItem(HOSTED + code));
  return (isUrgent) => {
    if (isUrgent) write();
    else waiting ??= setTimeout(write, SAVE_MS);
  };
}

/** Runs `lead` when no other window of this browser hosts the quiz; `wait` if that is not at once. */
export function alone(code, lead, wait) {
  if (!navigator.locks) return lead();
  const name = HOSTED + code;
  const hold = () => new Promise(lead); // never settles: held as long as the page is there
  return navigator.locks.request(name, { ifAvailable: true }, (lock) => {
    if (lock) return hold();
    wait();
    navigator.locks.request(name, hold);
    return undefined;
  });
}

// ---- a player's

/** Who this window is in the quiz; else who this browser was, where no other window is that now; else null. */
export async function whoAmI(code) {
  const key = PLAYED + code;
  const mine = get(session, key);
  if (mine?.user) {
    hold(key, mine.user);
    return mine;
  }
  const last = get(local, key);
  if (!last?.user || !navigator.locks) return null;
  return new Promise((resolve) => {
    navigator.locks.request(`${key} ${last.user}`, { ifAvailable: true }, (lock) => {
      resolve(lock ? last : null);
      if (!lock) return undefined;
      set(session, key, last);
      return new Promise(() => {});
    });
  });
}

/** As long as the page is there, no other window is this player. */
function hold(key, user) {
  navigator.locks?.request(`${key} ${user}`, () => new Promise(() => {}));
}

export function becomePlayer(code, name) {
  const mine = { user: playerUser(name, makeId(6)) };
  remember(code, mine);
  hold(PLAYED + code, mine.user);
  return mine;
}

/** `mine`: { user, answer }. */
export function remember(code, mine) {
  set(session, PLAYED + code, mine);
  set(local, PLAYED + code, mine);
}
