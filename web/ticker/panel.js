// SPDX-License-Identifier: MIT
// Paints a reader: how old its prices are, as a number and over the last minute, how many boards it takes and has passed over, and
// three prices, large.

import { element, setText } from '../design/dom.js';
import { ageText } from './board.js';
import { colour, line, sheet } from './lines.js';
import { SAMPLES } from './readers.js';
import { priceText } from './table.js';

const SHOWN = 3;

export function makePanel(parent, { key, title, how }, reader, clock) {
  const fact = (name) => {
    const value = element('dd', { className: 'number' });
    return [element('div', {}, element('dt', {}, name), value), value];
  };
  const [rateBox, rate] = fact('boards a second');
  const [missedBox, missed] = fact('skipped');
  const age = element('p', { className: 'old number' });
  const canvas = element('canvas', { aria: { role: 'img', label: `How old the prices of this reader were in the last minute` } });
  const top = element('span', { className: 'top-mark number', aria: { hidden: 'true' } });
  const cells = Array.from({ length: SHOWN }, () => element('li', {}, element('b'), element('span', { className: 'number' })));
  const titleNode = element('h3', { id: `reader-${key}` }, title);
  parent.append(element('article', { className: 'card reader', dataset: { reader: key }, aria: { labelledby: titleNode.id } },
    element('div', { className: 'who' }, titleNode, element('p', { className: 'hint' }, how), age),
    element('ul', { className: 'quotes' }, ...cells),
    element('div', { className: 'chart' }, canvas, top),
    element('dl', {}, rateBox, missedBox)));

  return {
    /** @param {number} scale the age at the top of the chart, the same for all readers */
    paint(now, scale) {
      const old = reader.age(clock, now);
      setText(age, old === undefined ? '–' : `${ageText(old)} old`);
      setText(rate, reader.perSecond(now).toFixed(1));
      setText(missed, reader.missed.toLocaleString('en'));
      setText(top, ageText(scale).replace('.0 ', ' '));
      const quotes = [...reader.board?.prices ?? []].slice(0, SHOWN);
      cells.forEach((cell, i) => {
        setText(cell.firstChild, quotes[i]?.[0] ?? '');
        setText(cell.lastChild, quotes[i] ? priceText(quotes[i][1].price) : '');
      });
      const paper = sheet(canvas);
      const first = SAMPLES - reader.ages.length;
      const points = reader.ages.map((value, i) => value !== undefined
        && [((first + i) / (SAMPLES - 1)) * (paper.width - 4) + 1, paper.height - 3 - (Math.min(value, scale) / scale) * (paper.height - 6)]);
      line(paper, points.filter(Boolean), colour(key === 'fast' ? 'tide' : key === 'fresh' ? 'good' : 'bill'), { ground: colour(`under-${key}`), dot: 2, width: 1.75 });
    },
  };
}
