// SPDX-License-Identifier: MIT
// Paints the table of prices: only the rows that changed, only what changed in them, once for each frame of the screen.

import { element, setText } from '../design/dom.js';
import { changeOf, SLOTS } from './board.js';
import { NAMES } from './instruments.js';
import { colour, line, sheet } from './lines.js';

const FLASH_AT = 0.004; // a move of so much lights up: each of hundreds a second would be a flicker
const FLASH_MS = 900;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const number = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const small = new Intl.NumberFormat('en', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
export const priceText = (price) => (price < 0.1 ? small : number).format(price);

function changeText(change) {
  const text = Math.abs(change).toFixed(2);
  if (text === '0.00') return ['0.00 %', 'same'];
  return change > 0 ? [`+${text} %`, 'up'] : [`−${text} %`, 'down'];
}

export function makeTable(body, instruments) {
  const rows = new Map();

  function addRow(symbol) {
    const canvas = element('canvas', { aria: { hidden: 'true' } });
    const range = element('span', { className: 'visually-hidden' });
    const price = new Text();
    const change = element('td', { className: 'change', aria: { role: 'cell' } });
    const cell = element('td', { className: 'price', aria: { role: 'cell' } }, element('span', {}, price));
    const head = element('th', { scope: 'row', aria: { role: 'rowheader' } }, element('b', {}, symbol), ' ', element('span', {}, NAMES.get(symbol) ?? ''));
    const minute = element('td', { className: 'line', aria: { role: 'cell' } }, canvas, range);
    const row = { node: element('tr', { aria: { role: 'row' } }, head, minute, cell, change), canvas, range, price, cell, change, lit: 0 };
    rows.set(symbol, row);
    body.append(row.node);
    return row;
  }

  function flash(row, price, now) {
    row.base ??= price;
    const move = price / row.base - 1;
    if (Math.abs(move) < FLASH_AT || now - row.lit < FLASH_MS) return;
    Object.assign(row, { base: price, lit: now });
    if (!calm.matches) row.cell.animate({ backgroundColor: [`var(--flash-${move > 0 ? 'up' : 'down'})`, 'transparent'] }, { duration: FLASH_MS, easing: 'ease-out' });
  }

  function paintRow(symbol, now) {
    const entry = instruments.get(symbol);
    const row = rows.get(symbol) ?? addRow(symbol);
    row.price.data = priceText(entry.price);
    const [text, way] = changeText(changeOf(entry));
    if (row.text !== text) row.change.textContent = row.text = text;
    if (row.way !== way) row.node.dataset.way = row.way = way;
    flash(row, entry.price, now);
  }

  function paintLine(symbol) {
    const row = rows.get(symbol);
    const { points, open } = instruments.get(symbol);
    const paper = sheet(row.canvas);
    const { width, height } = paper;
    const prices = points.map(([, price]) => price);
    const low = Math.min(...prices), top = Math.max(...prices), high = Math.max(top, low * 1.002);
    setText(row.range, `${priceText(low)} to ${priceText(top)}`);
    const end = points.at(-1)[0];
    const x = (slot) => width - 3 - ((end - slot) / (SLOTS - 1)) * (width - 4);
    const y = (price) => height - 3 - ((price - low) / (high - low)) * (height - 6);
    if (open > low && open < high) line(paper, [[0, y(open)], [width, y(open)]], colour('line'), { width: 1 });
    line(paper, points.map(([slot, price]) => [x(slot), y(price)]), colour('tide'), { ground: colour('under'), dot: 1.75 });
  }

  return {
    /** These prices are others. */
    paint(changed, now) {
      for (const symbol of changed) if (instruments.has(symbol)) paintRow(symbol, now);
      if (rows.size === instruments.size) return;
      for (const [symbol, { node }] of rows) {
        if (instruments.has(symbol)) continue;
        node.remove();
        rows.delete(symbol);
      }
    },
    /** The lines of the last minute. */
    paintLines() {
      for (const symbol of rows.keys()) if (instruments.has(symbol)) paintLine(symbol);
    },
  };
}
