// SPDX-License-Identifier: MIT
// The visitor's name: typed, kept for this window, and a wading bird until then, so that two windows are two people.

import { ofWindow } from './storage.js';

const KEY = 'godwit.name';
export const MAX_NAME = 24;
const BIRDS = ['Avocet', 'Curlew', 'Dunlin', 'Knot', 'Lapwing', 'Oystercatcher', 'Plover', 'Redshank', 'Ruff', 'Sanderling',
  'Snipe', 'Stilt', 'Turnstone', 'Whimbrel', 'Woodcock'];

// Letters, digits, marks, emoji, blanks and a little punctuation. No colon (in a room's text it ends the name), no quotes and
// brackets (so that JSON or markup in a channel is not mistaken for somebody's name).
export const NAME_CHAR = String.raw`[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\u200d\ufe0f ._’'\-]`;
const NOT_NAME = new RegExp(`(?!${NAME_CHAR}).`, 'gsu');

/** What remains of a typed name when only what may stand in a name is kept: '' where nothing does. */
export function cleanName(typed) {
  const kept = typed.replace(/\s+/g, ' ').replace(NOT_NAME, '').trim();
  return [...kept].slice(0, MAX_NAME).join('').trim();
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
