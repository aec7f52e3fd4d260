// SPDX-License-Identifier: MIT
// What goes through the channels, and what is taken of what comes: anyone may publish there, so everything is looked at, and
// what is not as it must be is nothing. No network, no page.
//
//   quiz:CODE           event `state`, from the host: the whole state of the quiz, each time. While a question is open it has no
//                       word of which answer is right.
//   quiz-answers:CODE   event `answer`, from a player: { round, choice, ms }

import { isHost, isPlayer } from './names.js';

export const MAX_QUESTIONS = 50;
export const MAX_OPTIONS = 6;
export const MAX_TEXT = 300; // of a question
export const MAX_OPTION = 120;
export const MAX_PLAYERS = 400; // with the longest names, their list fills one message (64 KiB)
export const LIMITS = [0, 10, 20, 30, 60, 120, 300]; // seconds; 0: until the host closes it

const isText = (value, max) => typeof value === 'string' && value.length <= max;
const isCount = (value, max = 1e9) => Number.isInteger(value) && value >= 0 && value <= max;
const isList = (value, max, isIn) => Array.isArray(value) && value.length <= max && value.every(isIn);

function parsed(message) {
  try {
    const value = message.json();
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

const isRow = (row) => Array.isArray(row) && isPlayer(row[0]) && isCount(row[1]) && isCount(row[2]) && Number.isInteger(row[3])
  && isCount(row[4], MAX_QUESTIONS);

/** A question as it is put: text, options, and of the answers nothing but how many there are. */
const isQuestion = (s) => isText(s.round, 40) && isCount(s.number, MAX_QUESTIONS) && isText(s.text, MAX_TEXT)
  && isList(s.options, MAX_OPTIONS, (option) => isText(option, MAX_OPTION)) && s.options.length >= 2
  && isCount(s.limit, 3600) && isCount(s.elapsed, 1e12);

const PARTS = {
  lobby: () => true,
  open: isQuestion,
  closed: (s) => isQuestion(s) && isCount(s.right, s.options.length - 1)
    && isList(s.counts, s.options.length, (n) => isCount(n)) && s.counts.length === s.options.length
    && isList(s.players, MAX_PLAYERS, isRow),
  end: (s) => isList(s.players, MAX_PLAYERS, isRow),
};

/** The state that a message of the quiz's channel tells; null where it is not the host's, or no state. */
export function readState(message, code) {
  if (message.event !== 'state' || !isHost(message.from, code)) return null;
  const state = parsed(message);
  const isSound = Object.hasOwn(PARTS, state.phase) && isCount(state.seq, 1e15) && isCount(state.of, MAX_QUESTIONS);
  return isSound && PARTS[state.phase](state) ? state : null;
}

/** The answer that a message of the answers' channel is; null where it is none. */
export function readAnswer(message) {
  if (message.event !== 'answer' || !isPlayer(message.from)) return null;
  const { round, choice, ms } = parsed(message);
  if (!isText(round, 40) || !isCount(choice, MAX_OPTIONS - 1)) return null;
  return { user: message.from, round, choice, ms: isCount(ms, 1e12) ? ms : Infinity };
}

// ---- questions, as the host writes them

export const emptyQuestion = () => ({ text: '', options: ['', ''], right: 0, limit: 20 });

/** Questions out of a browser's memory, which anything may have written to. */
export function readQuestions(value) {
  const isSound = (q) => q && isText(q.text, MAX_TEXT) && isList(q.options, MAX_OPTIONS, (option) => isText(option, MAX_OPTION))
    && q.options.length >= 2 && isCount(q.right, q.options.length - 1) && LIMITS.includes(q.limit);
  return Array.isArray(value) ? value.filter(isSound).slice(0, MAX_QUESTIONS) : [];
}

/** What keeps a question from being put, in words; '' where nothing does. */
export function wantsOf({ text, options }) {
  if (!text.trim()) return 'it has no text yet';
  const blank = options.findIndex((option) => !option.trim());
  return blank < 0 ? '' : `answer ${blank + 1} is empty`;
}
