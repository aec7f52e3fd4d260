// SPDX-License-Identifier: MIT
// The visitor's name: typed, kept for this window, and a wading bird until then, so that two windows are two speakers.

import { cleanName } from './words.js';

const KEY = 'godwit.name';
const BIRDS = ['Avocet', 'Curlew', 'Dunlin', 'Knot', 'Lapwing', 'Oystercatcher', 'Plover', 'Redshank', 'Ruff', 'Sanderling',
  'Snipe', 'Stilt', 'Turnstone', 'Whimbrel', 'Woodcock'];

/** Binds the name's input. @returns {() => string} the name to speak by */
export function bindName(input) {
  const bird = `${BIRDS[Math.floor(Math.random() * BIRDS.length)]} ${10 + Math.floor(Math.random() * 90)}`;
  input.value = recall() || bird;
  keep(input.value);
  input.addEventListener('change', () => {
    input.value = cleanName(input.value) || bird;
    keep(input.value);
  });
  return () => cleanName(input.value) || bird;
}

// A browser may refuse storage: then the name lasts as long as the page.
function recall() {
  try {
    return cleanName(sessionStorage.getItem(KEY) ?? '');
  } catch {
    return '';
  }
}

function keep(name) {
  try {
    sessionStorage.setItem(KEY, name);
  } catch {
    // nothing to mend: see above
  }
}
