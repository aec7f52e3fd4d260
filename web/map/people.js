// SPDX-License-Identifier: MIT
// Who is here and where, in words: the list beside the map, and what a screen reader is told of those who come and go.

import { badge, element, setText } from '../design/dom.js';
import { count } from '../design/text.js';
import { whereIs } from './town.js';

const MAX_ROWS = 100;
const GATHER_MS = 1500;
const MAX_SAID = 5;
const WORDS = { 'join,join': 'is here', 'leave,leave': 'has left', 'join,leave': 'was here, and has left' };

/** What a row says: where the person is, with how many couriers. */
function inWords({ markers, isLastKnown }) {
  const [first, ...more] = markers;
  if (!first) return 'here, not on the map';
  const riders = [...markers].reduce((sum, { couriers }) => sum + couriers.length, 0);
  return [
    `${isLastKnown ? 'last known: ' : ''}${whereIs(first)}`,
    more.length ? `and in ${count(more.length, 'more place')}` : '',
    riders ? count(riders, 'courier') : '',
  ].filter(Boolean).join(' · ');
}

/** @param {HTMLElement} list  @param {HTMLElement} rest  who does not fit  @param {(keys: Set<string>) => void} find */
export function makeList(list, rest, find) {
  const rows = new Map();
  let chosen;

  function makeRow(key, { name, isOwn, isOutside }) {
    const where = element('span', { className: 'where' });
    const mark = isOwn ? 'you' : isOutside ? 'from outside' : '';
    const button = element('button', { type: 'button', className: 'person', aria: { pressed: 'false' } }, badge(name),
      element('span', { className: 'words' }, element('span', { className: 'who' }, name, mark ? element('span', { className: 'you' }, mark) : null), where));
    const riders = element('ul', { className: 'riders', hidden: true, aria: { label: `Couriers of ${name}` } });
    button.addEventListener('click', () => choose(chosen === key ? undefined : key));
    const row = { name, node: element('li', {}, button, riders), button, where, riders, markers: new Set() };
    rows.set(key, row);
    if (isOwn) list.prepend(row.node);
    else list.append(row.node);
    return row;
  }

  function choose(key) {
    chosen = key;
    for (const [each, { button }] of rows) button.setAttribute('aria-pressed', String(each === key));
    point();
  }

  function point() {
    const row = rows.get(chosen);
    find(new Set([...row?.markers ?? []].map(({ key }) => key)));
    for (const each of rows.values()) paintRiders(each, each === row);
  }

  function paintRiders({ name, riders, markers }, isOpen) {
    const places = isOpen ? [...markers].flatMap(({ couriers }) => couriers) : [];
    riders.hidden = places.length === 0;
    while (riders.children.length > places.length) riders.lastChild.remove();
    while (riders.children.length < places.length) riders.append(element('li'));
    places.forEach((place, i) => setText(riders.children[i], `courier ${i + 1}: ${whereIs(place)}`));
  }

  return {
    /** `people`: those to show, oneself first, each { key, name, markers, isOwn, isOutside, isLastKnown }. */
    paint(people) {
      const shown = new Set();
      for (const person of people.slice(0, MAX_ROWS)) {
        const row = rows.get(person.key) ?? makeRow(person.key, person);
        row.markers = person.markers;
        setText(row.where, inWords(person));
        row.node.classList.toggle('away', person.isLastKnown === true);
        shown.add(person.key);
      }
      for (const [key, row] of rows) {
        if (shown.has(key)) continue;
        row.node.remove();
        rows.delete(key);
        if (chosen === key) choose(undefined);
      }
      if (chosen !== undefined) point();
      setText(rest, people.length > MAX_ROWS ? `and ${people.length - MAX_ROWS} more` : '');
    },
  };
}

/**
 * Says who has come and gone, a moment later and in one go. Who has left and come back meanwhile, by loading the page again, is not
 * worth a word; who has come and left is: they stood on the map, and a busy window speaks late. Gives `told('join' | 'leave', name)`.
 */
export function makeSpeaker(node) {
  const news = new Map(); // by names: what was told first, and last
  let waiting = 0;
  function say() {
    waiting = 0;
    const lines = [...news].map(([name, turn]) => [name, WORDS[turn]]).filter(([, words]) => words).map((line) => `${line.join(' ')}.`);
    const more = lines.length - MAX_SAID;
    if (lines.length) setText(node, [...lines.slice(0, MAX_SAID), ...more > 0 ? [`And ${more} more.`] : []].join(' '));
    news.clear();
  }
  return function told(what, name) {
    const [first] = news.get(name) ?? [what];
    news.set(name, [first, what]);
    waiting ||= setTimeout(say, GATHER_MS);
  };
}
