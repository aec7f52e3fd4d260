// SPDX-License-Identifier: MIT
// The market that the page makes up where nobody else brings prices: forty companies that do not exist, what they opened at, and
// how their prices walk. Pure.

const LIST = `AVO Avocet Shipping 84.20|BIT Bittern & Reed 31.75|CHAR Charadrius Optics 212.40|COOT Coot Freight 18.35|CRNE Crane Works 146.90
CURL Curlew Rail 58.60|DIPR Dipper Hydro 27.15|DOTT Dotterel Wind 73.80|DUNL Dunlin Mills 12.45|EGRT Egret Paper 44.05
EIDR Eider Textiles 95.30|GANN Gannet Air 167.25|GDWT Godwit Signals 128.00|GREB Grebe Glass 36.90|GULL Gull & Sons 22.55
HRON Heron Timber 61.40|IBIS Ibis Medical 241.10|JACA Jacana Foods 52.70|KNOT Knot Cables 39.85|LAPW Lapwing Motors 104.65
MERG Merganser Bank 88.15|NODD Noddy Toys 15.60|OYST Oystercatcher 67.95|PLOV Plover Seeds 29.40|PRAT Pratincole Air 54.25
PUFF Puffin Fisheries 41.30|RAIL Rail & Sora 118.75|REDS Redshank Steel 77.50|RUFF Ruff Tailors 33.20|SAND Sanderling Sand 19.90
SHAG Shag Diving 48.45|SNIP Snipe Tools 63.10|SPOO Spoonbill Dairy 26.85|STIL Stilt Housing 92.60|STNT Stint Watches 310.80
TERN Tern Logistics 71.35|TURN Turnstone Mines 57.05|WHIM Whimbrel Games 138.20|WGTL Wagtail Radio 24.75|YLEG Yellowlegs Shoes 45.95`;

export const INSTRUMENTS = LIST.split(/[|\n]/).map((line) => {
  const [, symbol, name, open] = /^(\S+) (.+) (\S+)$/.exec(line);
  return { symbol, name, open: Number(open) };
});

export const NAMES = new Map(INSTRUMENTS.map(({ symbol, name }) => [symbol, name]));
const FIRST = new Map(INSTRUMENTS.map(({ symbol, open }) => [symbol, open]));

const STEP = 0.0006; // of the price, when it moves: so many boards a second make a lively day in minutes
const PULL = 0.0004; // back towards the open: a page that is left open for a week still shows sensible prices
const LEAST = 0.01;
const MOST = 1000; // times its own open, or that part of it

/** Somewhere between -1 and 1, mostly near 0. */
const lean = (random) => random() + random() + random() - 1.5;

/**
 * Takes over what is said of the forty. A feed may have others, without end: the walk knows none of them. Nor does it go on from
 * where it would find back in hours only.
 */
export function learn(last, prices) {
  for (const [symbol, { price, open }] of prices) {
    const own = FIRST.get(symbol);
    const isNear = (value) => value > own / MOST && value < own * MOST; // not where there is none
    if (isNear(price)) last.set(symbol, { price, open: [open, last.get(symbol)?.open].find(isNear) ?? price });
  }
}

/**
 * The prices that follow these.
 * @param {Map<string, {price: number, open: number}>} last  what was heard last: the walk goes on from there, whoever made it
 * @returns {Map<string, {price: number, open: number}>}  of the forty instruments, always all of them
 */
export function walk(last, random = Math.random) {
  const next = new Map();
  const mood = lean(random) * STEP * 0.3; // what the whole market has in common
  for (const { symbol, open: first } of INSTRUMENTS) {
    const { price, open } = last.get(symbol) ?? { price: first, open: first };
    const drift = lean(random) * STEP + mood + (1 - price / open) * PULL;
    next.set(symbol, { price: Math.max(LEAST, price * (1 + drift)), open });
  }
  return next;
}
