// SPDX-License-Identifier: MIT
// The charts over time: six, all of the same five lines, told apart by colour and by dash. A canvas says nothing to who cannot see
// it: under the charts stands a table of the same figures (least, middle, most), and the list above each names the newest.

import { byId, element, setText } from '../design/dom.js';
import { between, KEEP, TRANSPORTS } from './figures.js';
import uPlot from './uplot.js';

const DASHES = { poll: [2, 3], longpoll: [7, 3], ndjson: [11, 3, 2, 3], sse: [16, 4], websocket: [] };
const SVG = 'http://www.w3.org/2000/svg';

// what is drawn, how it is written, on which scale
const CHARTS = [
  { name: 'p50', how: 'ms', isLog: true },
  { name: 'p99', how: 'ms', isLog: true },
  { name: 'requests', how: 'rate' },
  { name: 'bytes', how: 'bytes' },
  { name: 'cpu', how: 'percent' },
  { name: 'connections', how: 'count' },
];

/** What one chart draws of two figures in a row; null leaves a gap. */
function valueOf(chart, name, before, now) {
  const is = now.transports[name];
  if (!is) return null;
  if (chart === 'p50' || chart === 'p99') return is[chart] === null ? null : Math.max(is[chart], 0.01);
  if (chart === 'connections') return is.connections;
  if (!before?.transports[name] || before.run !== now.run || now.at - before.at > 5000) return null;
  const rates = between(before.transports[name], is, (now.at - before.at) / 1000);
  return chart === 'bytes' ? rates.in + rates.out : rates[chart];
}

/** The lines of a chart: times in seconds, then a row of values for each transport. */
function linesOf(chart, samples) {
  const lines = [samples.map(({ at }) => at / 1000)];
  for (const name of TRANSPORTS) lines.push(samples.map((now, i) => valueOf(chart, name, samples[i - 1], now)));
  return lines;
}

/** Least, middle and most of a line; null where there is nothing. */
function spread(line) {
  const known = line.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length ? [known[0], known[Math.floor(known.length / 2)], known.at(-1)] : null;
}

function key(name) {
  const line = document.createElementNS(SVG, 'svg');
  line.setAttribute('viewBox', '0 0 30 8');
  line.setAttribute('aria-hidden', 'true');
  line.setAttribute('class', `key ${name}`);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', 'M0 4H30');
  path.setAttribute('stroke-dasharray', DASHES[name].join(' '));
  line.append(path);
  return line;
}

const logRange = (u, least, most) =>
  Number.isFinite(least) && Number.isFinite(most) ? [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most * 1.01))] : [0.1, 1000];
/** Lines at the powers of ten alone. */
const tens = (u, axis, least, most) => {
  const at = [];
  for (let power = Math.round(Math.log10(least)); power <= Math.round(Math.log10(most)); power++) at.push(10 ** power);
  return at;
};
const plainRange = (u, least, most) => [0, most > 0 ? most * 1.1 : 1];

export function buildCharts() {
  const sync = uPlot.sync('lab');
  let speak = null, samples = [], shown = null;
  // A canvas knows no custom properties: what the style gives these is asked for.
  const probe = byId('charts');
  let colours = {};
  function readColours() {
    const style = getComputedStyle(probe);
    const of = (name) => probe.querySelector(`.key.${name}`);
    colours = { ink: style.color, font: `12px ${style.fontFamily}` };
    for (const name of TRANSPORTS) colours[name] = getComputedStyle(of(name)).color;
    colours.grid = getComputedStyle(probe.querySelector('.plot')).borderTopColor;
  }

  const views = CHARTS.map((chart) => {
    const title = element('h3', { id: `chart-${chart.name}` });
    const box = element('div', { className: 'plot', aria: { role: 'img', labelledby: title.id, describedby: 'charts-as-table' } });
    const list = element('ul', { className: 'readout', aria: { hidden: 'true' } });
    const values = TRANSPORTS.map((name) => {
      const label = element('span'), value = element('span', { className: 'number' });
      list.append(element('li', {}, key(name), label, ' ', value));
      return { name, label, value };
    });
    probe.append(element('figure', { className: 'chart', dataset: { chart: chart.name } }, title, list, box));
    return { ...chart, title, box, values, lines: [[], ...TRANSPORTS.map(() => [])], plot: null };
  });

  function readout(view) {
    const index = shown ?? view.lines[0].length - 1;
    for (const [i, { name, label, value }] of view.values.entries()) {
      setText(label, speak.say(`name.${name}`));
      setText(value, speak[view.how](view.lines[i + 1][index]));
    }
  }

  function open(view) {
    const axis = { stroke: () => colours.ink, grid: { stroke: () => colours.grid, width: 1 }, ticks: { show: false }, font: colours.font };
    const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString(speak.lang, { hour12: false });
    view.plot = new uPlot({
      width: view.box.clientWidth, height: view.box.clientHeight, legend: { show: false },
      cursor: { sync: { key: sync.key }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true }, y: view.isLog ? { distr: 3, range: logRange } : { range: plainRange } },
      axes: [
        { ...axis, size: 28, space: 90, values: (u, at) => at.map(clock) },
        { ...axis, size: 62, space: 34, ...(view.isLog && { splits: tens, filter: (u, at) => at }), values: (u, at) => at.map((value) => (value === null ? '' : speak[view.how](value))) },
      ],
      series: [{}, ...TRANSPORTS.map((name) => ({ stroke: () => colours[name], width: 1.75, dash: DASHES[name], spanGaps: view.isLog, points: { size: 4, show: (u, line, from, to) => to - from < 5 } }))],
      hooks: {
        setCursor: [(u) => {
          shown = u.cursor.idx ?? null;
          readout(view);
        }],
      },
    }, view.lines, view.box);
    new ResizeObserver(() => view.plot.setSize({ width: view.box.clientWidth, height: view.box.clientHeight })).observe(view.box);
  }

  function repaint() {
    readColours();
    for (const { plot } of views) plot?.redraw(false, true);
  }
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);

  function paintTable() {
    const table = byId('charts-as-table');
    if (!byId('charts-details').open) return;
    const [head, body] = [table.tHead, table.tBodies[0]];
    head.replaceChildren(element('tr', {}, element('th', { scope: 'col' }, speak.say('charts.measure')),
      ...TRANSPORTS.map((name) => element('th', { scope: 'col' }, speak.say(`name.${name}`)))));
    body.replaceChildren(...views.map(({ name, how, lines }) => element('tr', {}, element('th', { scope: 'row' }, speak.say(`chart.${name}`)),
      ...lines.slice(1).map((line) => element('td', { className: 'number' }, spread(line)?.map(speak[how]).join(' · ') ?? '–')))));
  }
  byId('charts-details').addEventListener('toggle', () => speak && paintTable());

  function paint(next, now) {
    const isSpoken = speak !== now;
    speak = now;
    samples = next;
    for (const view of views) {
      setText(view.title, speak.say(`chart.${view.name}`));
      if (document.hidden) continue;
      view.lines = linesOf(view.name, samples);
      if (!view.plot && samples.length) {
        if (!colours.ink) readColours();
        open(view);
      }
      if (view.plot) view.plot.setData(view.lines);
      if (view.plot && isSpoken) view.plot.redraw(false, true);
      readout(view);
    }
    if (isSpoken || samples.length % 5 === 0 || samples.length === KEEP) paintTable();
  }
  return paint;
}
