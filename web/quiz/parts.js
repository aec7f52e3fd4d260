// SPDX-License-Identifier: MIT
// What the host's and the players' faces have in common: bars, the ranking, the clock, what a screen reader is told.

import { byId, element, setText } from '../design/dom.js';

const SHOWN_PLACES = 100;

export const seconds = (ms) => Math.max(0, Math.ceil(ms / 1000));
export const marker = (i) => element('span', { className: `marker tone-${i}`, aria: { hidden: 'true' } }, String(i + 1));

/** Says it to a screen reader, once. */
export const say = (text) => setText(byId('say'), text);

/**
 * Bars of a question in the list. They are built anew for another question only: what grows, grows in its place.
 * @param {{key, options, counts, right?, own?}} what  `right`: which is, once it may be known; `own`: one's choice
 */
export function paintBars(list, { key, options, counts, right, own }) {
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...options.map((option, i) => element('li', { className: `bar tone-${i}` },
      marker(i), element('span', { className: 'bar-text' }, option), element('span', { className: 'bar-note' }),
      element('span', { className: 'bar-count number' }), element('span', { className: 'visually-hidden bar-unit' }),
      element('span', { className: 'bar-track', aria: { hidden: 'true' } }, element('span', { className: 'bar-fill' })))));
  }
  const most = Math.max(1, ...counts);
  [...list.children].forEach((item, i) => {
    item.classList.toggle('right', i === right);
    item.classList.toggle('wrong', right !== undefined && i !== right);
    item.style.setProperty('--share', counts[i] / most);
    setText(item.querySelector('.bar-count'), String(counts[i]));
    setText(item.querySelector('.bar-unit'), counts[i] === 1 ? ' answer' : ' answers');
    setText(item.querySelector('.bar-note'), [i === right ? '✓ right' : '', i === own ? 'yours' : ''].filter(Boolean).join(' · '));
  });
}

/** The first places, and one's own wherever it is. */
export function paintRanking(list, { all, own }, { hasGains, isShort } = {}) {
  const shown = all.slice(0, isShort ? 5 : SHOWN_PLACES);
  if (own && !shown.includes(own)) shown.push(own);
  const rest = all.length - shown.length;
  list.replaceChildren(...shown.map((each) => element('li', { className: each === own ? 'rank own' : 'rank' },
    element('span', { className: 'place number' }, String(each.place)),
    element('span', { className: 'rank-name' }, each.name),
    each === own ? element('span', { className: 'you' }, 'you') : null,
    element('span', { className: 'gain number' }, hasGains ? `+${each.gained ?? 0}` : `${each.rights} right`),
    element('span', { className: 'points number' }, each.points.toLocaleString('en')))));
  if (rest > 0) list.append(element('li', { className: 'rank more hint' }, `and ${rest} more`));
}

/** The time that is left, in words and as a line; nothing without a limit. */
export function paintClock(prefix, left, limit) {
  const clock = byId(`${prefix}-clock`), meter = byId(`${prefix}-meter`);
  clock.hidden = meter.hidden = left === Infinity;
  if (clock.hidden) return;
  setText(clock, left > 0 ? `${seconds(left)} s` : 'Time is up');
  clock.classList.toggle('short', left <= 5000);
  meter.style.setProperty('--left', Math.min(1, left / (limit * 1000)));
}
