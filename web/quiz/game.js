// SPDX-License-Identifier: MIT
// The host's side of a quiz as plain data: what was asked, who answered what, the points. No network, no page; time is given.
// Everything in it can be kept as JSON, so a host's page that is loaded again goes on where it was.
//
// The first answer of each player counts, once, and only while its question is open.

import { MAX_PLAYERS, readAnswer, readKept } from './format.js';
import { byName, codeOf, isPlayer, nameOf } from './names.js';

const MOST = 1000; // points for a right answer at once; half of it at the end of the time
const UNTIMED_MS = 30_000; // without a limit, points fall for so long
const GRACE_MS = 500; // what was sent in the last moment may still be under way

/**
 * @returns a quiz that has not begun: { id, code, seq, questions, phase, at, round, began, answers, players, cursor }
 *   phase: lobby, open, closed or end    at: which question, from 0    began: when it was put
 *   answers: Map of user to { choice, ms }, of this question    players: Map of user to { points, gained, choice, rights }
 *   seq: counts what was published    cursor: of the last answer that was dealt with
 */
export function newGame(id, questions) {
  return { id, code: codeOf(id), seq: 0, questions, phase: 'lobby', at: -1, round: '', began: 0, answers: new Map(), players: new Map(), cursor: undefined };
}

export const pack = (game) => JSON.stringify({ ...game, answers: [...game.answers], players: [...game.players] });

/** What `pack` made; null where it is something else. */
export function unpack(text) {
  try {
    const kept = readKept(JSON.parse(text));
    return kept && { ...kept, code: codeOf(kept.id), answers: new Map(kept.answers), players: new Map(kept.players) };
  } catch {
    return null;
  }
}

export const question = (game) => game.questions[game.at];
export const isLast = (game) => game.at === game.questions.length - 1;

/** Puts the next question. `round` names this putting of it: no answer to another one is taken for it. */
export function put(game, round, now) {
  game.at += 1;
  Object.assign(game, { phase: 'open', round, began: now, answers: new Map() });
}

/** Milliseconds that players have; Infinity without a limit. */
export const timeLeft = (game, now) => (question(game).limit ? question(game).limit * 1000 - (now - game.began) : Infinity);
/** Until it closes by itself. */
export const timeToEnd = (game, now) => timeLeft(game, now) + GRACE_MS;

/**
 * Takes a message of the answers' channel; says whether it counted. The time is the player's own word, since they saw the
 * question (a slow line costs them nothing), but no less than nothing and no more than what has gone by here.
 */
export function take(game, message, now) {
  const answer = readAnswer(message);
  if (!answer || game.phase !== 'open' || answer.round !== game.round || answer.choice >= question(game).options.length) return false;
  if (game.answers.has(answer.user) || game.answers.size >= MAX_PLAYERS) return false;
  game.answers.set(answer.user, { choice: answer.choice, ms: Math.min(answer.ms, Math.max(0, now - game.began)) });
  return true;
}

export function countsOf(game) {
  const counts = question(game).options.map(() => 0);
  for (const { choice } of game.answers.values()) counts[choice] += 1;
  return counts;
}

export function pointsFor(ms, limit) {
  const share = Math.min(1, ms / (limit ? limit * 1000 : UNTIMED_MS));
  return Math.round(MOST * (1 - share / 2));
}

/** Closes the question: points are given. Whoever is present is in the ranking, answered or not. */
export function close(game, present = []) {
  const { right, limit } = question(game);
  for (const user of [...game.answers.keys(), ...present]) join(game, user);
  for (const [user, player] of game.players) {
    const answer = game.answers.get(user);
    const isRight = answer?.choice === right;
    const gained = isRight ? pointsFor(answer.ms, limit) : 0;
    Object.assign(player, { gained, choice: answer?.choice ?? -1, points: player.points + gained, rights: player.rights + Number(isRight) });
  }
  game.phase = 'closed';
}

function join(game, user) {
  if (game.players.has(user) || !isPlayer(user) || game.players.size >= MAX_PLAYERS) return;
  game.players.set(user, { points: 0, gained: 0, choice: -1, rights: 0 });
}

export function finish(game) {
  game.phase = 'end';
}

/** From the beginning, with the same questions and people; points begin anew. */
export function restart(game) {
  Object.assign(game, { phase: 'lobby', at: -1, round: '', answers: new Map(), players: new Map() });
}

/** Rows [user, points, gained, choice, rights], the best first. */
export function rows(game) {
  return [...game.players]
    .map(([user, { points, gained, choice, rights }]) => [user, points, gained, choice, rights])
    .sort((a, b) => b[1] - a[1] || byName(nameOf(a[0]), nameOf(b[0])) || (a[0] < b[0] ? -1 : 1));
}

/** Of rows: each with its place; equal points, equal place. */
export function places(list) {
  let place = 0;
  return list.map(([user, points, gained, choice, rights], i) => {
    if (i === 0 || list[i - 1][1] !== points) place = i + 1;
    return { user, name: nameOf(user), place, points, gained, choice, rights };
  });
}

/** What everybody may know now. Which answer is right is no part of it before the question is closed. */
export function snapshot(game, now) {
  const { phase, seq, at } = game;
  const common = { seq, phase, of: game.questions.length };
  if (phase === 'lobby') return common;
  if (phase === 'end') return { ...common, players: rows(game) };
  const { text, options, limit, right } = question(game);
  const asked = { ...common, round: game.round, number: at + 1, text, options, limit, elapsed: Math.max(0, now - game.began) };
  return phase === 'open' ? asked : { ...asked, right, counts: countsOf(game), players: rows(game) };
}
