// SPDX-License-Identifier: MIT
// A board: the newest price of every instrument, in one publication, so that whoever gets only the newest publication still has
// every price. Reads and writes them, and keeps what a page shows: prices, the last minute of each, how many come and how old
// they are. Pure; anything that came from the channel is looked at before it is believed.
//
//   {"t": 1763755200123, "p": {"GDWT": [128.35, 128], "KNOT": 39.85}}     t: when, in ms; a price, or a price and its open

const MAX_INSTRUMENTS = 64;
const MAX_BYTES = 16 * 1024;
const MIN_PRICE = 1e-6, MAX_PRICE = 1e9;
const MAX_CHANGE = 1e4; // an open so far from the price is none
const DAY_MS = 864e5; // no clock is wrong by more
const SYMBOL = /^[A-Z0-9][A-Z0-9.-]{0,7}$/;
const FORGET_MS = 30_000; // an instrument that no board has had for so long is shown no more

export const SLOT_MS = 1000;
export const SLOTS = 60;

const isPrice = (value) => typeof value === 'number' && value >= MIN_PRICE && value < MAX_PRICE;
const isOpenOf = (price, open) => isPrice(open) && price / open < MAX_CHANGE && open / price < MAX_CHANGE;

/** @returns {?{at: number, prices: Map<string, {price: number, open?: number}>}}  null where it is no board */
export function readBoard(text, now = Date.now()) {
  if (text.length > MAX_BYTES) return null;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value?.t !== 'number' || !(Math.abs(now - value.t) < DAY_MS) || typeof value.p !== 'object' || !value.p) return null;
  const prices = new Map();
  for (const [symbol, quote] of Object.entries(value.p)) {
    const [price, open] = Array.isArray(quote) ? quote : [quote];
    if (SYMBOL.test(symbol) && isPrice(price) && prices.size < MAX_INSTRUMENTS) prices.set(symbol, { price, open: isOpenOf(price, open) ? open : undefined });
  }
  return prices.size ? { at: value.t, prices } : null;
}

/** The text of a board. */
export function writeBoard(prices, at = Date.now()) {
  const p = Object.fromEntries([...prices].map(([symbol, { price, open }]) => [symbol, [+price.toFixed(2), +open.toFixed(2)]]));
  return JSON.stringify({ t: at, p });
}

/** How many of something came in the last seconds. */
export function makeRate(windowMs = 2000) {
  const seen = []; // [when, how many], oldest first
  let first;
  const forget = (now) => {
    while (seen.length && now - seen[0][0] >= windowMs) seen.shift();
  };
  return {
    add(count, now) {
      first ??= now;
      forget(now);
      seen.push([now, count]);
    },
    /** A second; before the window has passed once, of what has passed of it. */
    per(now) {
      forget(now);
      const span = Math.min(windowMs, Math.max(250, now - first));
      return seen.length ? seen.reduce((sum, [, count]) => sum + count, 0) / (span / 1000) : 0;
    },
  };
}

/**
 * How far the publisher's clock is from ours, as far as it matters: on one machine the two are one, and the age of a price is the
 * difference. Where prices that keep coming seem to come from the future or from seconds ago, the clocks differ, and what is
 * usual among them counts as new.
 */
export function makeClock() {
  const seen = []; // [now, now - at] of the last boards
  let offset = 0;
  return {
    hear(at, now) {
      seen.push([now, now - at]);
      while (seen.length > 40 || now - seen[0][0] > 5000) seen.shift();
      if (seen.length < 10) return;
      const usual = seen.map(([, late]) => late).sort((a, b) => a - b)[seen.length >> 1]; // not thrown by one board with a mad time
      offset = usual < -50 || usual > 2000 ? usual : 0;
    },
    age: (at, now) => Math.max(0, now - at - offset),
  };
}

/** What a page knows of the market. */
export function makeMarketView() {
  const instruments = new Map();
  const rate = makeRate();
  const clock = makeClock();
  let at, boards = 0;

  /** A slot for each second: the last price in it. */
  function mark(entry, price, when) {
    const slot = Math.floor(when / SLOT_MS);
    const last = entry.points.at(-1);
    if (!last || slot > last[0]) entry.points.push([slot, price]);
    else if (slot === last[0]) last[1] = price;
    while (entry.points.length > SLOTS || entry.points[0][0] <= slot - SLOTS) entry.points.shift();
  }

  return {
    instruments,
    clock,
    /** Takes a board that has come now; gives the symbols whose price is another. */
    take(board, now) {
      const changed = [];
      at = board.at;
      boards++;
      rate.add(board.prices.size, now);
      clock.hear(board.at, now);
      for (const [symbol, { price, open }] of board.prices) {
        let entry = instruments.get(symbol);
        if (!entry && instruments.size >= MAX_INSTRUMENTS) continue;
        if (!entry) instruments.set(symbol, entry = { symbol, open: open ?? price, points: [] });
        if (entry.price !== price) changed.push(symbol);
        Object.assign(entry, { price, open: open ?? entry.open, heard: now });
        mark(entry, price, now);
      }
      for (const [symbol, { heard }] of instruments) if (now - heard > FORGET_MS) instruments.delete(symbol);
      return changed;
    },
    /** What was kept of the last minute, oldest first: lines before the prices that come. */
    remember(kept) {
      for (const [symbol, entry] of instruments) {
        const first = entry.points[0]?.[0] ?? Infinity;
        const before = kept.filter((each) => each.prices.has(symbol) && Math.floor(each.at / SLOT_MS) < first);
        const live = entry.points.splice(0);
        for (const each of before) mark(entry, each.prices.get(symbol).price, each.at);
        for (const [slot, price] of live) mark(entry, price, slot * SLOT_MS);
      }
    },
    facts: (now) => ({ at, boards, instruments: instruments.size, perSecond: rate.per(now), age: at === undefined ? undefined : clock.age(at, now) }),
  };
}

/** In percent of the open. */
export const changeOf = ({ price, open }) => (100 * (price - open)) / open;

/** `0.4 s`, `12 s`, `3 min`. */
export function ageText(ms) {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 99_500) return `${Math.round(ms / 1000)} s`;
  return ms < 5.97e6 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3.6e6)} h`;
}

/** The market in two sentences, for those who do not look at it. */
export function summaryOf(instruments, { perSecond, age }) {
  if (!instruments.size) return 'No prices have come yet.';
  const all = [...instruments.values()].sort((a, b) => changeOf(b) - changeOf(a));
  const up = all.filter((each) => changeOf(each) > 0).length;
  const tell = (each) => `${each.symbol} ${each.price.toFixed(2)}, ${changeOf(each) < 0 ? 'down' : 'up'} ${Math.abs(changeOf(each)).toFixed(2)} %`;
  return `${all.length} instruments, ${up} of them above their open. Highest: ${tell(all[0])}. Lowest: ${tell(all.at(-1))}. `
    + `${Math.round(perSecond)} prices a second; the newest is ${ageText(age)} old.`;
}
