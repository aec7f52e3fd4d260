// SPDX-License-Identifier: MIT
// What the quiz keeps in this browser: for a host, each quiz as it stands and the questions written last; for a player, who one is
// in a quiz and what one answered.

import { ofBrowser, ofWindow } from '../design/storage.js';
import { readQuestions } from './format.js';
import { pack, unpack } from './game.js';
import { isPlayer, makeId, playerUser } from './names.js';

const HOSTED = 'godwit.quiz.host.';
const QUESTIONS = 'godwit.quiz.questions';
const PLAYED = 'godwit.quiz.play.';
const MAX_HOSTED = 5; // quizzes; older ones make room
const SAVE_MS = 150; // answers come by the hundred: they are not kept one by one

// ---- the host's

export const questionsOf = () => readQuestions(ofBrowser.json(QUESTIONS));
export const keepQuestions = (questions) => ofBrowser.keepJson(QUESTIONS, questions);

/** The quiz of this code that this browser hosts, or null. */
export function hosted(code) {
  const quiz = unpack(ofBrowser.text(HOSTED + code));
  return quiz?.code === code ? quiz : null;
}

/** All that it hosts, the latest first. */
export function allHosted() {
  const keys = ofBrowser.keys().filter((key) => key.startsWith(HOSTED));
  return keys.map((key) => hosted(key.slice(HOSTED.length))).filter(Boolean).map((quiz) => ({ kept: 0, ...quiz })).sort((a, b) => b.kept - a.kept);
}

/** Gives `save(isUrgent)`: at most every so often, where it is not urgent, and at last when the page goes. */
export function keeper(quiz) {
  let waiting;
  function write() {
    clearTimeout(waiting);
    waiting = undefined;
    ofBrowser.keepText(HOSTED + quiz.code, pack({ ...quiz, kept: Date.now() }));
  }
  addEventListener('pagehide', () => waiting && write());
  write();
  for (const { code } of allHosted().slice(MAX_HOSTED)) ofBrowser.drop(HOSTED + code);
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
  const mine = ofWindow.json(key);
  if (isPlayer(mine?.user)) {
    hold(key, mine.user);
    return mine;
  }
  const last = ofBrowser.json(key);
  if (!isPlayer(last?.user) || !navigator.locks) return null;
  return new Promise((resolve) => {
    navigator.locks.request(`${key} ${last.user}`, { ifAvailable: true }, (lock) => {
      resolve(lock ? last : null);
      if (!lock) return undefined;
      ofWindow.keepJson(key, last);
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
  ofWindow.keepJson(PLAYED + code, mine);
  ofBrowser.keepJson(PLAYED + code, mine);
}
