// SPDX-License-Identifier: MIT
// Who is who in a quiz. The server says from whom a message is: so the host's user name proves, by the quiz's code, that it is
// the host's, and a player is told apart from another of the same name by a few letters behind it.

import { cleanName } from '../design/name.js';

const CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'; // no vowels, so no words
const ID_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const CODE_LENGTH = 5;

export function makeId(length = 10) {
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => ID_LETTERS[byte % 32]).join('');
}

/** The code that is made of the host's id (FNV-1a): two hosts do not meet under one code, and nobody is host of it by mistake. */
export function codeOf(id) {
  let hash = 0x811c9dc5;
  for (const c of id) hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193) >>> 0;
  let code = '';
  for (; code.length < CODE_LENGTH; hash = Math.floor(hash / CODE_LETTERS.length)) code += CODE_LETTERS[hash % CODE_LETTERS.length];
  return code;
}

/** What remains of a typed code; '' where it cannot be one. */
export function cleanCode(typed) {
  const code = [...String(typed).toUpperCase()].filter((c) => CODE_LETTERS.includes(c)).join('');
  return code.length === CODE_LENGTH ? code : '';
}

export const stateChannel = (code) => `quiz:${code}`;
export const answersChannel = (code) => `quiz-answers:${code}`;

export const hostUser = (id) => `#host-${id}`;
const isHostUser = (user) => /^#host-[a-z0-9]{10}$/.test(user ?? '');
export const isHostId = (id) => typeof id === 'string' && isHostUser(hostUser(id));
export const isHost = (user, code) => isHostUser(user) && codeOf(user.slice(6)) === code;

export const playerUser = (name, id) => `${name} #${id}`;
export const nameOf = (user) => user.replace(/ #[a-z0-9]{6}$/, '');
export const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Anyone else with a name that could have been typed here: `curl …?user=ann` is Ann. */
export const isPlayer = (user) => typeof user === 'string' && user.length < 80 && nameOf(user) !== '' && cleanName(nameOf(user)) === nameOf(user);
