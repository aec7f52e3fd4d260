// SPDX-License-Identifier: MIT
// Names. The visitor's: typed, kept for this window, and a wading bird until then, so that two windows are two people. Others': what
// a server takes for a user may be blank, hide characters or turn the text round, and is shown so that one sees it.

import { ofWindow } from './storage.js';

const KEY = 'godwit.name';
export const MAX_NAME = 24;
const BIRDS = ['Avocet', 'Curlew', 'Dunlin', 'Knot', 'Lapwing', 'Oystercatcher', 'Plover', 'Redshank', 'Ruff', 'Sanderling',
  'Snipe', 'Stilt', 'Turnstone', 'Whimbrel', 'Woodcock'];

// Letters, digits, marks, emoji, blanks and a little punctuation. No colon (in a room's text it ends the name), no quotes and
// brackets (so that JSON or markup in a channel is not mistaken for somebody's name).
export const NAME_CHAR = String.raw`[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\u200d\ufe0f ._’'\-]`;
const NOT_NAME = new RegExp(`(?!${NAME_CHAR}).`, 'gsu');

const MOST_SHOWN = 40;
const LEFT = '\ufffd';
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2800]/gu;
const JOINS = /^(?:\p{M}|\p{Extended_Pictographic}|\p{Emoji_Modifier})$/u; // behind these a joiner makes another character of them
const PILE = /^\p{M}+|(\p{M}{3})\p{M}+/gu; // no script puts more marks on a letter; a hundred cover the lines above
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * Takes away marks that are too many, and puts `other` where nobody would see a character. (The character before a joiner is looked
 * at by itself: Chromium 156 does not find a set that is followed by `$` where that is a picture.)
 */
function seen(name, other = '') {
  const light = name.replace(PILE, '$1');
  const isJoiner = (c, at) => /[\u200d\ufe0f]/.test(c) && JOINS.test([...light.slice(0, at)].at(-1) ?? '');
  return light.replace(UNSEEN, (c, at) => (isJoiner(c, at) ? c : other));
}

/** What remains of a typed name when only what may stand in a name is kept: '' where nothing does by which to call somebody. */
export function cleanName(typed) {
  const kept = seen(typed.replace(/\s+/g, ' ').replace(NOT_NAME, '')).trim();
  const name = [...kept].slice(0, MAX_NAME).join('').trim();
  return /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(name) ? name : '';
}

/**
 * How somebody's name is shown, whatever it is. What would not be seen shows as \ufffd, so that nobody looks like somebody else; one
 * that runs from right to left does not turn round what stands beside it.
 */
export function shownName(name) {
  const all = [...seen(name.replace(/^\s+|\s+$|\s{2,}|[^\S ]/g, LEFT), LEFT)];
  const shown = all.length > MOST_SHOWN ? `${all.slice(0, MOST_SHOWN).join('')}…` : all.join('');
  return RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** The name of whoever sits at this window: the one they gave, else a bird's. */
export function myName() {
  const name = cleanName(ofWindow.text(KEY) ?? '') || `${BIRDS[Math.floor(Math.random() * BIRDS.length)]} ${10 + Math.floor(Math.random() * 90)}`;
  ofWindow.keepText(KEY, name);
  return name;
}

/**
 * Binds an input to the name. `changed` hears of another name; what cannot be one leaves the name as it is.
 * @returns {() => string} the name now
 */
export function bindName(input, changed = () => {}) {
  let name = myName();
  input.maxLength = MAX_NAME;
  input.value = name;
  input.addEventListener('change', () => {
    const wanted = cleanName(input.value) || name;
    input.value = wanted;
    if (wanted === name) return;
    name = wanted;
    ofWindow.keepText(KEY, name);
    changed(name);
  });
  return () => cleanName(input.value) || name;
}
