// SPDX-License-Identifier: MIT
// The page: hears the board, keeps the market going where nobody else does, and paints what changed, at most once for each frame.

import godwit from '/client/godwit.js';
import { byId, setText } from '../design/dom.js';
import { shownName } from '../design/name.js';
import { openShell } from '../design/shell.js';
import { ageText, makeMarketView, readBoard, summaryOf } from './board.js';
import { watchColours } from './lines.js';
import { makePanel } from './panel.js';
import { makeReader, SAMPLE_MS, slowReader } from './readers.js';
import { makeTable } from './table.js';
import { PREFIX } from './turn.js';

const STALE_MS = 3000;
const KEPT_MS = 1500; // what is older when it comes first was kept from before
const LEAST_SCALE_MS = 2000;

const shell = openShell({ here: 'ticker', keeps: false });
const g = godwit('/');
shell.watch(g);

const view = makeMarketView();
const table = makeTable(byId('rows'), view.instruments);
const market = new Worker('/ticker/market.js', { type: 'module' });
const live = g.channel('ticker:live', { history: true });
const changed = new Set();
let isMarket = false, from, frame, isHeld = false, linesAt = 0;

// ---- readers

const fast = makeReader(), fresh = makeReader(), late = makeReader();
const asking = slowReader(fresh, { channel: 'ticker:live', transports: 'longpoll' });
const pushed = slowReader(late, { channel: 'ticker:tape', transports: 'websocket,longpoll' });
const slow = [asking, pushed];
const readers = [fast, fresh, late];
const panels = [
  { key: 'fast', title: 'Fast', how: 'is pushed every board, and keeps up' },
  { key: 'fresh', title: 'Slow, newest only', how: 'asks when it is ready' },
  { key: 'late', title: 'Slow, everything', how: 'is pushed every board, in turn' },
].map((words, i) => makePanel(byId('readers'), words, readers[i], view.clock));

// ---- what comes

live.on('gap', ({ missed }) => fast.miss(missed));
live.on('message', (m) => {
  const now = Date.now();
  const board = readBoard(m.text, now);
  if (!board) return;
  const isFirst = from === undefined;
  from = m.from ?? '';
  const isKept = isFirst && now - board.at > KEPT_MS;
  market.postMessage({ text: m.text, from: m.from, isKept });
  fast.take(board, now);
  for (const symbol of view.take(board, now)) changed.add(symbol);
  frame ??= requestAnimationFrame(paint);
  if (isFirst) recall();
});

/** The lines of the last minute, for a window that was not there. */
async function recall() {
  const { messages } = await g.channel('ticker:minute').history().catch(() => ({ messages: [] }));
  view.remember(messages.map((m) => readBoard(m.text)).filter(Boolean));
  linesAt = 0;
}

g.on('state', ({ state }) => market.postMessage({ up: state === 'online' }));
market.onmessage = ({ data }) => {
  ({ isMarket } = data);
};

// ---- painting

function paint(at) {
  frame = undefined;
  if (isHeld) return;
  byId('empty').hidden = true;
  byId('board').hidden = false;
  table.paint(changed, at);
  changed.clear();
  if (at - linesAt < SAMPLE_MS) return;
  linesAt = at;
  table.paintLines();
}

function sourceText() {
  if (from === undefined) return '–';
  if (isMarket) return 'this window';
  return from.startsWith(PREFIX) ? 'another window' : shownName(from) || 'a feed from outside';
}

function paintFacts() {
  const now = Date.now();
  if (document.hidden || isHeld) return;
  const { perSecond, age } = view.facts(now);
  const isStale = age > STALE_MS;
  setText(byId('rate'), age === undefined ? '–' : String(Math.round(perSecond)));
  setText(byId('age'), age === undefined ? '–' : `${ageText(age)} old`);
  setText(byId('source'), isStale ? 'nobody now' : sourceText());
  document.body.classList.toggle('is-stale', isStale);
  setText(byId('stale'), isStale ? 'These prices are not live.' : '');
  const scale = Math.max(LEAST_SCALE_MS, ...readers.flatMap(({ ages }) => ages.map((each) => each ?? 0)));
  for (const panel of panels) panel.paint(now, scale);
}

function sample() {
  const now = Date.now();
  for (const reader of readers) reader.sample(view.clock, now);
  paintFacts();
}

setInterval(sample, SAMPLE_MS);
document.addEventListener('visibilitychange', paintFacts);
watchColours(() => {
  table.paintLines();
  paintFacts();
});

// ---- what the visitor does

byId('summary').addEventListener('click', () => {
  const now = Date.now();
  byId('summary-text').textContent = summaryOf(view.instruments, view.facts(now));
});

byId('hold').addEventListener('click', ({ currentTarget }) => {
  isHeld = !isHeld;
  currentTarget.setAttribute('aria-pressed', isHeld);
  document.body.classList.toggle('is-held', isHeld);
  if (isHeld) return setText(byId('stale'), `Held still at ${new Date().toLocaleTimeString()}.`);
  frame ??= view.instruments.size ? requestAnimationFrame(paint) : undefined;
  paintFacts();
});

let isPaused = false, settling;
byId('pause').addEventListener('click', ({ currentTarget }) => {
  isPaused = !isPaused;
  currentTarget.setAttribute('aria-pressed', isPaused);
  for (const each of slow) isPaused ? each.pause() : each.resume();
});

function setSlowness() {
  for (const each of slow) each.set(Number(byId('slowness').value));
}
byId('slowness').addEventListener('input', ({ currentTarget }) => {
  byId('slowness-text').value = `${currentTarget.value} ms`;
  currentTarget.setAttribute('aria-valuetext', `${currentTarget.value} milliseconds`);
  clearTimeout(settling);
  settling = setTimeout(setSlowness, 300);
});

setSlowness();
for (const each of slow) each.resume();
