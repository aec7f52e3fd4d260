// SPDX-License-Identifier: MIT
// What the ticker's page knows, without a page: boards, the walk of prices, whose turn it is to be the market, readers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageText, changeOf, makeClock, makeMarketView, makeRate, readBoard, SLOT_MS, SLOTS, summaryOf, writeBoard } from '../../web/ticker/board.js';
import { INSTRUMENTS, learn, walk } from '../../web/ticker/instruments.js';
import { makeReader } from '../../web/ticker/readers.js';
import { EVERY_MS, makeTurn } from '../../web/ticker/turn.js';

const NOW = 1_763_755_200_000;
const board = (prices, at = NOW) => readBoard(JSON.stringify({ t: at, p: prices }), at);

/** The same chances each time. */
function chances(seed = 1) {
  return () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
}

test('a board is read as it was written', () => {
  const prices = new Map([['GDWT', { price: 128.35, open: 128 }], ['KNOT', { price: 39.8, open: 40 }]]);
  assert.equal(writeBoard(prices, NOW), `{"t":${NOW},"p":{"GDWT":[128.35,128],"KNOT":[39.8,40]}}`);
  assert.deepEqual(readBoard(writeBoard(prices, NOW), NOW), { at: NOW, prices });
});

test('what is no board is none, and of a board what is no price is left out', () => {
  const bad = ['', 'hello', '{', 'null', '7', '[]', '{}', '{"t":1}', `{"t":${NOW}}`, `{"t":${NOW},"p":null}`, `{"t":${NOW},"p":7}`, `{"t":${NOW},"p":{}}`, `{"t":"${NOW}","p":{"A":1}}`,
    `{"t":${NOW + 9e7},"p":{"A":1}}`, `{"t":1e400,"p":{"A":1}}`, `{"t":${NOW},"p":{"A":"1"}}`, `{"t":${NOW},"p":{"A":1}}${' '.repeat(20_000)}`];
  for (const text of bad) assert.equal(readBoard(text, NOW), null, text.slice(0, 60));
  const mixed = readBoard(`{"t":${NOW},"p":{"OK":1.5,"<b>":2,"low":3,"__proto__":4,"NEG":-1,"NUL":null,"OBJ":{"a":1},"BIG":1e300,"PAIR":[2,"x"],"EMPTY":[],"TOOLONGNAME":1}}`, NOW);
  assert.deepEqual([...mixed.prices], [['OK', { price: 1.5, open: undefined }], ['PAIR', { price: 2, open: undefined }]]);
});

test('a board holds no more than a page can show', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`S${i}`, 1]));
  assert.equal(board(many).prices.size, 64);
  const view = makeMarketView();
  view.take(board(many), NOW);
  view.take(board({ OTHER: 1 }), NOW + 1);
  assert.equal(view.instruments.size, 64);
});

test('an instrument that is heard of no more is forgotten, and makes room', () => {
  const view = makeMarketView();
  view.take(board({ OLD: 1, GDWT: 2 }), NOW);
  view.take(board({ GDWT: 2 }), NOW + 29_000);
  assert.equal(view.instruments.size, 2);
  view.take(board({ GDWT: 2 }), NOW + 31_000);
  assert.deepEqual([...view.instruments.keys()], ['GDWT']);
});

test('only what changed is told', () => {
  const view = makeMarketView();
  assert.deepEqual(view.take(board({ A: 1, B: 2 }), NOW), ['A', 'B']);
  assert.deepEqual(view.take(board({ A: 1, B: 3 }), NOW + 66), ['B']);
  assert.equal(changeOf(view.instruments.get('B')), 50); // of its first price, where no open is given
  assert.equal(changeOf(board({ A: [99, 100] }).prices.get('A')), -1);
});

test('the line of an instrument is a minute long: the last price of each second', () => {
  const view = makeMarketView();
  for (let i = 0; i < 200; i++) view.take(board({ A: 100 + i }, NOW + i * 500), NOW + i * 500);
  const { points } = view.instruments.get('A');
  assert.equal(points.length, SLOTS);
  assert.deepEqual(points.at(-1), [Math.floor((NOW + 99_500) / SLOT_MS), 299]);
  assert.equal(points.at(-2)[1], 297);
});

test('a mad time in one board neither stops a line nor makes all others old', () => {
  const view = makeMarketView();
  for (let i = 0; i < 30; i++) view.take(board({ A: 100 + i }, NOW + i * 66), NOW + i * 66);
  view.take(readBoard(`{"t":${NOW + 8e7},"p":{"A":1}}`, NOW), NOW + 2000);
  view.take(board({ A: 140 }, NOW + 3000), NOW + 3010);
  assert.equal(view.instruments.get('A').points.at(-1)[1], 140);
  assert.equal(view.facts(NOW + 3010).age, 10);
});

test('who comes later draws the minute before from what was kept', () => {
  const view = makeMarketView();
  view.take(board({ A: 50, B: 7 }), NOW);
  view.remember([3, 2, 1, 0].map((s) => board({ A: 10 + s }, NOW - s * 1000)));
  assert.deepEqual(view.instruments.get('A').points.map(([, price]) => price), [13, 12, 11, 50]);
  assert.deepEqual(view.instruments.get('B').points.map(([, price]) => price), [7]);
});

test('a rate counts what came within its window', () => {
  const rate = makeRate(2000);
  assert.equal(rate.per(0), 0);
  for (let t = 0; t <= 10_000; t += 100) rate.add(40, t);
  assert.equal(rate.per(10_000), 400);
  assert.equal(rate.per(11_000), 200);
  assert.equal(rate.per(13_000), 0);
});

test('clocks that differ make nothing old, a price that waited is old', () => {
  for (const skew of [-3_600_000, -400, 5000, 7_200_000]) {
    const clock = makeClock();
    for (let i = 0; i < 60; i++) clock.hear(NOW + i * 66 - skew, NOW + i * 66 + (i % 3));
    const end = NOW + 59 * 66;
    assert.ok(clock.age(end - skew, end) < 5, `${skew}`);
    assert.ok(Math.abs(clock.age(end - 1500 - skew, end) - 1500) < 5, `${skew}`);
  }
  const clock = makeClock();
  clock.hear(NOW - 180_000, NOW); // what was kept of a market that has gone
  assert.equal(clock.age(NOW - 180_000, NOW), 180_000);
});

test('the walk takes over the forty alone, whatever a feed brings', () => {
  const last = walk(new Map(), () => 0.5);
  learn(last, new Map([['KNOT', { price: 7, open: undefined }], ['GDWT', { price: 5, open: 4 }], ['NONE', { price: 1, open: 1 }]]));
  assert.equal(last.size, INSTRUMENTS.length);
  assert.deepEqual(last.get('KNOT'), { price: 7, open: 39.85 });
  assert.deepEqual(last.get('GDWT'), { price: 5, open: 4 });
  learn(last, new Map([['KNOT', { price: 1e-6 }], ['GDWT', { price: 0.2, open: 128 }], ['GULL', { price: 30, open: 1e-6 }]]));
  assert.deepEqual([last.get('KNOT').price, last.get('GULL').open], [7, 22.55], 'from there it would not find back');
  let prices = last;
  for (let i = 0; i < 9000; i++) prices = walk(prices, () => 0.5);
  assert.ok(prices.get('GDWT').price > 5, `${prices.get('GDWT').price}`); // ten minutes
});

test('prices walk in small steps, near their open, and go on from any board', () => {
  const random = chances();
  let prices = walk(new Map(), random);
  assert.equal(prices.size, INSTRUMENTS.length);
  assert.ok(INSTRUMENTS.length >= 40);
  let moves = 0;
  for (let i = 0; i < 2000; i++) {
    const next = walk(prices, random);
    for (const [symbol, { price, open }] of next) {
      const before = prices.get(symbol).price;
      assert.ok(Math.abs(price / before - 1) < 0.003, `${symbol} ${before} ${price}`);
      assert.ok(Math.abs(price / open - 1) < 0.2, `${symbol} ${price}`);
      moves += price !== before;
    }
    prices = next;
  }
  assert.ok(moves / 2000 > INSTRUMENTS.length / 2, `${moves / 2000} prices move on a board`);
  assert.ok(writeBoard(prices).length < 1200);
  const from = new Map([['KNOT', { price: 1000, open: 990 }]]);
  assert.ok(Math.abs(walk(from, random).get('KNOT').price - 1000) < 3);
});

/** Ticks through so many ms. */
function pass(turn, from, ms, { isUp = true, isOnline = true } = {}) {
  let at = from;
  for (; at <= from + ms; at += EVERY_MS) turn.tick(at, isUp, isOnline);
  return at;
}

test('a window becomes the market in silence, and not while another is', () => {
  const turn = makeTurn('market-b', 0, () => 0.5);
  let at = pass(turn, 0, 300);
  assert.equal(turn.state, 'resting');
  at = pass(turn, at, 1000);
  assert.equal(turn.state, 'running');
  const other = makeTurn('market-c', 0, () => 0.5);
  for (let t = 0; t < 20_000; t += EVERY_MS) {
    other.hear('market-b', t);
    assert.equal(other.tick(t, true, true), 'resting');
  }
  pass(other, 20_000, 1400);
  assert.equal(other.state, 'resting');
  pass(other, 21_400, 2000);
  assert.equal(other.state, 'running');
});

test('of two markets the one with the smaller name stays, and any feed is better than both', () => {
  const make = (name) => {
    const turn = makeTurn(name, 0, () => 0);
    pass(turn, 0, 1000);
    assert.equal(turn.state, 'running');
    return turn;
  };
  const [a, b] = [make('market-a'), make('market-b')];
  a.hear('market-b', 1100);
  b.hear('market-a', 1100);
  assert.deepEqual([a.state, b.state], ['running', 'resting']);
  a.hear('market-a', 1200); // itself
  assert.equal(a.state, 'running');
  a.hear(undefined, 1300);
  assert.equal(a.state, 'resting');
  const c = make('market-c');
  c.hear('zoe', 1300);
  assert.equal(c.state, 'resting');
});

test('without a connection nobody is the market, and what slept asks again', () => {
  const turn = makeTurn('market-a', 0, () => 0);
  let at = pass(turn, 0, 5000, { isUp: false });
  assert.equal(turn.state, 'resting');
  at = pass(turn, at, 3000, { isOnline: false });
  assert.equal(turn.state, 'ready');
  at = pass(turn, at, 1000);
  assert.equal(turn.state, 'running');
  at = pass(turn, at, 1000, { isUp: false }); // the window's connection changes hands: the market's own stands
  assert.equal(turn.state, 'running');
  turn.tick(at, true, false);
  assert.equal(turn.state, 'resting');
  at = pass(turn, at, 3000);
  assert.equal(turn.state, 'running');
  turn.tick(at + 60_000, true, true);
  assert.equal(turn.state, 'resting');
});

test('a reader counts what it took and was told is gone, and how old what it shows is', () => {
  const reader = makeReader();
  const clock = makeClock();
  reader.sample(clock, NOW);
  reader.take(board({ A: 1 }), NOW + 40);
  reader.miss(7);
  reader.miss(undefined); // after a restart nobody knows
  for (let i = 0; i < 500; i++) reader.sample(clock, NOW + i * 250);
  assert.deepEqual([reader.count, reader.missed, reader.age(clock, NOW + 500)], [1, 7, 500]);
  assert.equal(reader.ages.length, 240);
});

test('ages and the market in words', () => {
  assert.deepEqual([0, 940, 9949, 9950, 99_400, 100_000, 7_200_000].map(ageText), ['0.0 s', '0.9 s', '9.9 s', '10 s', '99 s', '2 min', '2 h']);
  const view = makeMarketView();
  assert.equal(summaryOf(view.instruments, view.facts(NOW)), 'No prices have come yet.');
  view.take(board({ A: [99, 100], B: [110, 100], C: 5 }), NOW);
  assert.equal(summaryOf(view.instruments, view.facts(NOW + 100)),
    '3 instruments, 1 of them above their open. Highest: B 110.00, up 10.00 %. Lowest: A 99.00, down 1.00 %. 12 prices a second; the newest is 0.1 s old.');
});
