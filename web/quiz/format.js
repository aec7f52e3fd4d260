// SPDX-License-Identifier: MIT
// What goes through the channels, and what is taken of what comes: anyone may publish there, so everything is looked at, and
// what is not as it must be is nothing. No network, no page.
//
//   quiz:CODE           event `state`, from the host: the whole state of the quiz, each time. While a question is open it has no
//                       word of which answer is right.
//   quiz-answers:CODE   event `answer`, from a player: { round, choice, ms }

import { isHost, isHostId, isPlayer } from './names.js';

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
  && wantsOf(s) === '' && isCount(s.limit, 3600) && isCount(s.elapsed, 1e12);

const PARTS = {
  lobby: () => true,
  open: isQuestion,
  closed: (s) => isQuestion(s) && isCount(s.right, s.options.length - 1)
    && isList(s.counts, s.options.length, (n) => isCount(n)) && s.counts.length === s.options.length
    && isList(s.players, MAX_PLAYERS, isRow),
  end: (s) => isList(s.players, MAX_PLAYERS, isRow),
};

const isPhase = (phase) => typeof phase === 'string' && Object.hasOwn(PARTS, phase);

/** The state that a message of the quiz's channel tells; null where it is not the host's, or no state. */
export function readState(message, code) {
  if (message.event !== 'state' || !isHost(message.from, code)) return null;
  const state = parsed(message);
  const isSound = isPhase(state.phase) && isCount(state.seq, 1e15) && isCount(state.of, MAX_QUESTIONS);
  return isSound && PARTS[state.phase](state) ? state : null;
}

/** The answer that a message of the answers' channel is; null where it is none. */
export function readAnswer(message) {
  if (message.event !== 'answer' || !isPlayer(message.from)) return null;
  const { round, choice, ms } = parsed(message);
  if (!isText(round, 40) || !isCount(choice, MAX_OPTIONS - 1)) return null;
  return { user: message.from, round, choice, ms: isCount(ms, 1e12) ? ms : Infinity };
}

// ---- what a browser keeps, which anything may have written to

const isTable = (value) => typeof value === 'object' && value !== null;
const isTime = (value) => Number.isFinite(value) && value >= 0 && value < 8e15;

/** What a player has answered, { round, began, choice?, ms?, said? }; null where it is none. */
export function readMine(value) {
  if (!isTable(value) || !isText(value.round, 40)) return null;
  const { round, began, choice, ms, said } = value;
  const mine = { round, began: isTime(began) ? began : Infinity };
  if (!isCount(choice, MAX_OPTIONS - 1) || !isCount(ms, 1e12)) return mine;
  return { ...mine, choice, ms, ...said === 'sent' && { said } };
}

const isAnswered = (entry, options) => Array.isArray(entry) && isPlayer(entry[0]) && isTable(entry[1])
  && isCount(entry[1].choice, options - 1) && isTime(entry[1].ms);
const isScored = (entry) => Array.isArray(entry) && isTable(entry[1]) && isRow([entry[0], entry[1].points, entry[1].gained, entry[1].choice, entry[1].rights]);

/** A host's quiz as game.js packs it, without its code; null where it is none. What of it cannot be is left out. */
export function readKept(value) {
  if (!isTable(value) || !isHostId(value.id) || !isPhase(value.phase)) return null;
  const { id, phase, seq, at, round, began, cursor, kept } = value;
  const questions = readQuestions(value.questions);
  const isAsking = phase === 'open' || phase === 'closed';
  if (isAsking && !(isCount(at, questions.length - 1) && wantsOf(questions[at]) === '' && isText(round, 40) && isTime(began))) return null;
  const listOf = (list, isIn) => (Array.isArray(list) ? list.filter(isIn).slice(0, MAX_PLAYERS) : []);
  return {
    id, phase, questions,
    seq: isCount(seq, 1e15) ? seq : 0,
    at: phase !== 'lobby' && isCount(at, questions.length - 1) ? at : -1,
    round: isText(round, 40) ? round : '',
    began: isTime(began) ? began : 0,
    answers: listOf(value.answers, (entry) => isAnswered(entry, questions[at]?.options.length ?? 0)),
    players: listOf(value.players, isScored),
    cursor: typeof cursor === 'string' && /^[^\s:]{1,64}:\d{1,15}$/.test(cursor) ? cursor : undefined,
    ...isTime(kept) && { kept },
  };
}

// ---- questions, as the host writes them

export const emptyQuestion = () => ({ text: '', options: ['', ''], right: 0, limit: 20 });

/** Questions out of a browser's memory. */
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
