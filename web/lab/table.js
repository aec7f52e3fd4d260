// SPDX-License-Identifier: MIT
// The five side by side: a row for each measure, with a bar that sets the five against each other; what the last cut did; and the
// clients in this browser. On a narrow window each row stands by itself (style.css), so the roles are given by name.

import { byId, element, setText } from '../design/dom.js';
import { TRANSPORTS } from './figures.js';
import { sayCut } from './say.js';

// group, measure, how it is written, whether its bar says something
const ROWS = [
  ['asked', 'requests', 'rate', true],
  ['asked', 'total', 'count', true],
  ['wire', 'in', 'bytes', true],
  ['wire', 'out', 'bytes', true],
  ['wire', 'bytes', 'bytes', true],
  ['wire', 'overhead', 'times', true],
  ['delay', 'p50', 'ms', true],
  ['delay', 'p99', 'ms', true],
  ['server', 'connections', 'count', true],
  ['server', 'cpu', 'percent', true],
  ['server', 'micros', 'micros', true],
  ['server', 'memory', 'bytes', true],
  ['heard', 'delivered', 'count', true],
  ['heard', 'lost', 'count', false],
  ['heard', 'repeated', 'count', false],
  ['heard', 'recovered', 'count', false],
];
const OWN = ['state', 'requests', 'messages', 'delay', 'lost', 'repeated', 'recovered'];

const swatch = (name) => element('span', { className: `swatch ${name}`, aria: { hidden: 'true' } });

function cell(tag, role, properties, ...children) {
  const made = element(tag, properties, ...children);
  made.setAttribute('role', role);
  return made;
}

/** The head with the five names, each leading to where it is explained. */
function headRow(corner, names) {
  const row = cell('tr', 'row', {}, cell('th', 'columnheader', { scope: 'col', className: 'corner' }, corner));
  for (const name of TRANSPORTS) row.append(cell('th', 'columnheader', { scope: 'col' }, element('a', { href: `#how-${name}` }, swatch(name), names[name])));
  return row;
}

export function buildTable() {
  const table = byId('figures');
  const corner = element('span', { className: 'visually-hidden' });
  const names = Object.fromEntries(TRANSPORTS.map((name) => [name, element('span')]));
  table.append(cell('thead', 'rowgroup', {}, headRow(corner, names)));
  const rows = [], groups = {};
  for (const [group, measure, how, hasBar] of ROWS) {
    if (!groups[group]) {
      const body = cell('tbody', 'rowgroup', {});
      const title = cell('th', 'rowheader', { scope: 'rowgroup', colSpan: TRANSPORTS.length + 1 });
      body.append(cell('tr', 'row', { className: 'group' }, title));
      table.append(body);
      groups[group] = { body, title };
    }
    const head = cell('th', 'rowheader', { scope: 'row' });
    const cells = TRANSPORTS.map((name) => {
      const value = element('span', { className: 'value number' });
      const bar = hasBar ? element('span', { className: `level ${name}`, aria: { hidden: 'true' } }) : null;
      const whose = element('span', { className: 'whose', aria: { hidden: 'true' } });
      return { value, bar, whose, node: cell('td', 'cell', { dataset: { transport: name } }, whose, value, bar) };
    });
    groups[group].body.append(cell('tr', 'row', { dataset: { measure } }, head, ...cells.map(({ node }) => node)));
    rows.push({ measure, how, head, cells });
  }

  return (all, speak) => {
    setText(corner, speak.say('table.corner'));
    for (const name of TRANSPORTS) setText(names[name], speak.say(`name.${name}`));
    for (const [group, { title }] of Object.entries(groups)) setText(title, speak.say(`group.${group}`));
    for (const { measure, how, head, cells } of rows) {
      setText(head, speak.say(`measure.${measure}`));
      const most = Math.max(...TRANSPORTS.map((name) => all?.[name][measure] ?? 0));
      TRANSPORTS.forEach((name, i) => {
        const value = all?.[name][measure];
        setText(cells[i].value, speak[how](value));
        setText(cells[i].whose, speak.say(`name.${name}`));
        if (cells[i].bar) cells[i].bar.style.setProperty('--share', most > 0 && value ? (value / most).toFixed(3) : '0');
        cells[i].node.classList.toggle('bad', measure === 'lost' && value > 0);
      });
    }
  };
}

export function buildCutReport() {
  const items = TRANSPORTS.map((name) => {
    const title = element('strong');
    const text = element('span');
    byId('cut-report').append(element('li', { dataset: { transport: name } }, swatch(name), title, ' ', text));
    return { name, title, text };
  });
  return (since, speak) => {
    byId('cut-card').hidden = !since;
    if (!since) return;
    for (const { name, title, text } of items) {
      const [key, values] = sayCut(since[name], speak);
      setText(title, speak.say(`name.${name}`));
      setText(text, speak.say(key, values));
      text.dataset.is = key;
    }
  };
}

export function buildOwn() {
  const table = byId('own');
  const heads = OWN.map(() => cell('th', 'columnheader', { scope: 'col' }));
  const corner = element('span', { className: 'visually-hidden' });
  table.append(cell('thead', 'rowgroup', {}, cell('tr', 'row', {}, cell('th', 'columnheader', { scope: 'col' }, corner), ...heads)));
  const body = cell('tbody', 'rowgroup', {});
  table.append(body);
  const rows = TRANSPORTS.map((name) => {
    const title = element('span');
    const cells = OWN.map((measure) => {
      const whose = element('span', { className: 'whose', aria: { hidden: 'true' } });
      const value = element('span', { className: 'value number' });
      return { whose, value, node: cell('td', 'cell', { dataset: { measure } }, whose, value) };
    });
    body.append(cell('tr', 'row', { dataset: { transport: name } }, cell('th', 'rowheader', { scope: 'row' }, swatch(name), title), ...cells.map(({ node }) => node)));
    return { name, title, cells };
  });

  return (clients, speak) => {
    setText(corner, speak.say('table.transport'));
    OWN.forEach((measure, i) => setText(heads[i], speak.say(`own.${measure}`)));
    for (const { name, title, cells } of rows) {
      const { state, requests, tally } = clients[name];
      const write = { state: speak.say(`own.is.${state}`), requests: speak.count(requests), delay: speak.ms(tally.delay) };
      setText(title, speak.say(`name.${name}`));
      OWN.forEach((measure, i) => {
        setText(cells[i].value, write[measure] ?? speak.count(tally[measure]));
        setText(cells[i].whose, speak.say(`own.${measure}`));
        cells[i].node.classList.toggle('bad', measure === 'lost' && tally.lost > 0);
      });
    }
  };
}
