// SPDX-License-Identifier: MIT
// Figures and sentences in the visitor's language. Pure.

import { ofBrowser } from '../design/storage.js';
import en from './words/en.js';
import ko from './words/ko.js';

export const WORDS = { en, ko };
const KEY = 'godwit.lang';

/** The sentence of this key, its places filled; `{name}` without a value stays, for a test to find. */
export const fill = (sentence, values = {}) => sentence.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

/** Which language to begin with: the address says it, or it was chosen before, or the browser prefers it. */
export function firstLanguage(search, recalled, preferred) {
  const asked = new URLSearchParams(search).get('lang');
  const known = [asked, recalled, ...preferred.map((tag) => tag.toLowerCase().split('-')[0])];
  return known.find((lang) => Object.hasOwn(WORDS, lang ?? '')) ?? 'en';
}

export const keptLanguage = () => ofBrowser.text(KEY);
export const keepLanguage = (lang) => ofBrowser.keepText(KEY, lang);

/** How a language says things. What is not known is a dash everywhere. */
export function speaker(lang) {
  const words = WORDS[lang];
  const formats = new Map();
  const number = (value, digits) => {
    if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat(lang, { maximumFractionDigits: digits }));
    return formats.get(digits).format(value);
  };
  const known = (write) => (value) => (value === null || value === undefined || !Number.isFinite(value) ? '–' : write(value));
  const short = (value) => number(value, value < 1 ? 2 : value < 20 ? 1 : 0);
  const say = (key, values) => fill(words[key], values);

  return {
    lang,
    say,
    count: known((value) => number(value, 0)),
    rate: known(short),
    ms: known((value) => (value >= 1000 ? say('unit.s', { n: number(value / 1000, value < 10_000 ? 1 : 0) }) : say('unit.ms', { n: short(value) }))),
    bytes: known((value) => {
      const [unit, by] = value >= 1e6 ? ['MB', 1e6] : value >= 10_000 ? ['kB', 1e3] : ['B', 1];
      return `${by === 1 ? number(value, value < 10 ? 1 : 0) : number(value / by, value / by < 100 ? 1 : 0)} ${unit}`;
    }),
    percent: known((value) => `${number(value, value < 1 ? 2 : value < 10 ? 1 : 0)} %`),
    times: known((value) => `${number(value, value < 10 ? 2 : 0)}×`),
    micros: known((value) => `${short(value)} µs`),
    /** The range between two messages of which there are so many a second, or how many. */
    perSecond: known((value) => (value < 1 ? say('unit.every', { n: number(1 / value, 1) }) : say('unit.perSecond', { n: number(value, 1) }))),
  };
}
