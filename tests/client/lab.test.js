// SPDX-License-Identifier: MIT
// The lab page's own reckoning, without a browser: what it believes of the figures, what it makes of them, what it counts itself,
// what it says, and that it says the same in both languages.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { banner } from '../../web/lab/build.js';
import { between, compare, costOf, keep, KEEP, readFigures, sinceCut, TRANSPORTS } from '../../web/lab/figures.js';
import { fill, firstLanguage, speaker, WORDS } from '../../web/lab/format.js';
import { sayAll, sayCut, sayNow, emptyShare } from '../../web/lab/say.js';
import { isHere } from '../../web/lab/own.js';
import { newTally } from '../../web/lab/tally.js';
import { figuresAt, SETTINGS } from '../support/lab.js';

const read = (name) => readFileSync(new URL(`../../web/lab/${name}`, import.meta.url), 'utf8');
const taken = (seconds, options) => readFigures(JSON.stringify(figuresAt(seconds, { at: 1e12 + seconds * 1000, ...options })));
const run = (seconds, options) => Array.from({ length: seconds + 1 }, (_, i) => taken(i, options));

// ---- the chart library ----------------------------------------------------------------------------

test('the chart library is what the lock file and build.js make', () => {
  for (const name of ['uplot.js', 'uplot.css']) {
    const text = read(name);
    assert.ok(text.startsWith(banner()), `${name}: run web/lab/build.js (after npm ci in web/lab)`);
    assert.match(text, /The MIT License \(MIT\)/);
  }
  assert.doesNotMatch(read('uplot.js'), /\beval\b|\bFunction\(|\bimport\b/);
});

// ---- figures --------------------------------------------------------------------------------------

test('figures are read, and anything else is none', () => {
  const figures = taken(10);
  assert.equal(figures.transports.sse.messages, 1000);
  assert.equal(figures.transports.poll.p50, 503);
  assert.deepEqual(figures.settings, SETTINGS);
  const good = figuresAt(10);
  const bad = [
    '', 'null', '[]', '7', '{', '"x"', '{}', JSON.stringify({ ...good, phase: 'asleep' }), JSON.stringify({ ...good, at: 'now' }), JSON.stringify({ ...good, settings: null }),
    JSON.stringify({ ...good, settings: { rate: -1 } }), JSON.stringify({ ...good, transports: [] }), JSON.stringify({ ...good, transports: [null, 3] }),
    JSON.stringify({ ...good, transports: good.transports.map((each) => ({ ...each, requests: '1' })) }),
    JSON.stringify({ ...good, transports: good.transports.map((each) => ({ ...each, requests: 1e308 })) }),
    JSON.stringify({ ...good, at: 8.65e15 }), JSON.stringify({ ...good, run: 1e300 }),
  ];
  for (const text of bad) assert.equal(readFigures(text), null, text);
  assert.equal(taken(1, { of: { poll: { p50: 1.79e308, memory: 1e300 } } }).transports.poll.p50, null, 'no chart goes so far');
  assert.equal(readFigures(JSON.stringify({ ...good, until: 1e300 })).until, null);
});

test('only ports of this machine are gone to', () => {
  for (const url of ['http://example.com:80', 'javascript:alert(1)', 'http://127.0.0.1:80@evil.example', 'http://127.0.0.1:80/x', 'http://127.0.0.1:99999', 'http://127.0.0.1:0', 'http://127.0.0.1:08000', 7, null])
    assert.equal(taken(1, { url }).transports.poll.url, null, String(url));
  assert.equal(taken(1, { url: 'http://127.0.0.1:4711' }).transports.poll.url, 'http://127.0.0.1:4711');
});

test('a page from another machine does without clients of its own', () => {
  assert.deepEqual(['localhost', '127.0.0.1', '[::1]', '10.0.0.7', 'example.com', '127.0.0.1.example.com'].map(isHere), [true, true, true, false, false, false]);
});

test('settings out of range are shown at its end', () => {
  const { settings } = taken(1, { settings: { rate: 1e9, payload: 1, interval: 1, clients: 1e6, cursor: 'yes' } });
  assert.deepEqual(settings, { rate: 200, payload: 48, interval: 100, clients: 200, cursor: false });
});

test('rates are a second, whatever the time between; a core is 100 %', () => {
  const first = { requests: 10, bytes_in: 100, bytes_out: 1000, messages: 5, cpu: 1 };
  const last = { requests: 30, bytes_in: 500, bytes_out: 3000, messages: 25, cpu: 1.5 };
  assert.deepEqual(between(first, last, 2), { requests: 10, in: 200, out: 1000, messages: 10, cpu: 25 });
});

test('a delivery costs the bytes of both ways, and is set against its payload', () => {
  const first = { bytes_in: 0, bytes_out: 0, messages: 0, cpu: 0 };
  assert.deepEqual(costOf(first, { bytes_in: 300, bytes_out: 700, messages: 10, cpu: 0.001 }, 50), { bytes: 100, overhead: 2, micros: 100 });
  assert.deepEqual(costOf(first, first, 50), { bytes: null, overhead: null, micros: null });
});

test('clients in browsers are in the bytes, so they count among those that are delivered to', () => {
  const pages = { of: Object.fromEntries(TRANSPORTS.map((name) => [name, { connections: 20 }])) }; // ten of the lab, ten windows
  const [alone, shared] = [compare(run(10)), compare(run(10, pages))];
  assert.deepEqual([shared.sse.bytes, shared.sse.micros, shared.sse.messages], [alone.sse.bytes / 2, alone.sse.micros / 2, alone.sse.messages * 2]);
  assert.equal(shared.sse.delivered, alone.sse.delivered);
  const away = { of: { sse: { connections: 0 } } }; // cut off: nothing to divide among
  assert.equal(compare(run(10, away)).sse.bytes, alone.sse.bytes);
});

test('the five are compared over the last seconds of the same run and settings', () => {
  const slow = run(10);
  const all = compare(slow);
  assert.deepEqual(TRANSPORTS.map((name) => Math.round(all[name].requests)), [10, 100, 0, 0, 0]);
  assert.equal(Math.round(all.sse.bytes), 112);
  assert.equal(all.sse.overhead, 112 / 64);
  assert.equal(all.poll.total, 100);
  // With other settings nothing from before counts.
  const [before, after] = [taken(11, { settings: { ...SETTINGS, rate: 20 } }), taken(12, { settings: { ...SETTINGS, rate: 20 } })];
  assert.equal(compare([...slow, before]).sse.requests, null);
  assert.equal(Math.round(compare([...slow, before, after]).sse.messages), 200);
  assert.equal(compare([]), null);
});

test('a delay of a slow channel is shown until the next message', () => {
  const silent = { of: Object.fromEntries(TRANSPORTS.map((name) => [name, { p50: null, p99: null }])) };
  const samples = [...run(5), taken(6, silent), taken(7, silent)];
  assert.equal(compare(samples).poll.p50, 503);
  assert.equal(compare([...samples, taken(50, silent)]).poll.p50, null);
});

test('figures are kept for minutes and no more, and what is not newer is passed over', () => {
  const samples = [];
  for (const figures of run(KEEP + 50)) assert.equal(keep(samples, figures), true);
  assert.equal(samples.length, KEEP);
  assert.equal(keep(samples, samples.at(-1)), false);
  assert.equal(keep(samples, taken(1)), false);
  assert.equal(keep(samples, taken(1, { run: 2 })), true); // another lab, on a clock that was set back
  assert.equal(samples.length, 1);
});

test('a cut is told by what was counted since, in the same run', () => {
  const before = taken(5);
  const now = taken(9, { of: { ndjson: { lost: 20 }, sse: { recovered: 20 }, poll: { repeated: 7 } } });
  const since = sinceCut(before, now);
  assert.deepEqual([since.ndjson.lost, since.sse.recovered, since.poll.repeated, since.websocket.lost], [20, 20, 7, 0]);
  assert.equal(sinceCut(before, taken(9, { run: 2 })), null);
  assert.equal(sinceCut(null, now), null);
});

// ---- what this browser counts ---------------------------------------------------------------------

test('a tally: new, lost, twice, recovered, late', () => {
  const tally = newTally();
  assert.equal(tally.hear('7 1000.5 abc', 1002), true);
  assert.equal(tally.delay, 1.5);
  tally.hear('8 1100.000 abc', 1101);
  tally.hear('11 1400 abc', 1401); // 9 and 10 never came
  tally.hear('8 1100.000 abc', 1402);
  assert.deepEqual({ ...tally, back: 0, hear: 0 }, { messages: 3, lost: 2, repeated: 1, recovered: 0, delay: 1, back: 0, hear: 0 });
  tally.back(2000);
  tally.hear('12 1500 abc', 2001); // was published while it was away
  tally.hear('13 2010 abc', 2011);
  assert.deepEqual([tally.recovered, tally.messages, tally.lost, tally.delay], [1, 5, 2, 1]);
});

test('a tally passes over what is no message, and follows a lab that counts anew', () => {
  const tally = newTally();
  for (const text of ['', 'hello', '7', '7 x', '-1 5 ', '1e3 5 x', '7 1000x', '<b>7</b> 1']) assert.equal(tally.hear(text, 0), false, text);
  tally.hear('500 1000 x', 1000);
  tally.hear('1 2000 x', 2000);
  tally.hear('2 2100 x', 2100);
  assert.deepEqual([tally.messages, tally.lost, tally.repeated], [3, 0, 0]);
});

// ---- what it says ---------------------------------------------------------------------------------

const en = speaker('en');
const said = ([key, values]) => en.say(key, values);
const sayOf = (name, samples) => said(sayNow(name, compare(samples), samples.at(-1).settings, 'running', en));

test('what polling asks in vain is told', () => {
  const settings = { ...SETTINGS, rate: 0.5, interval: 500 };
  assert.equal(emptyShare(20, 5), 75);
  assert.equal(emptyShare(5, 20), 0);
  const samples = run(10, { settings });
  assert.match(sayOf('poll', samples), /10 clients asking every 500 ms make 20 requests a second for .* at least (7|8)\d of 100 answers bring nothing/);
  assert.match(sayOf('poll', run(10)), /10 requests a second fetch 100 deliveries, 10 in each answer/);
  assert.match(sayOf('longpoll', run(10)), /100 requests a second for 100 deliveries: nearly every message costs a request and an answer, 402 B for 64 B/);
  assert.match(sayOf('sse', run(10)), /no requests\. Each takes 112 B for 64 B of payload: the other 48 B/);
  assert.deepEqual(sayNow('sse', null, null, 'absent', en), ['now.none', {}]);
  assert.deepEqual(sayNow('sse', compare(run(10)), SETTINGS, 'cut', en), ['now.cut', {}]);
});

test('the headline fits the settings', () => {
  const keys = (settings) => sayAll(compare(run(20, { settings: { ...SETTINGS, ...settings } })), { ...SETTINGS, ...settings }, 'running', en).map(([key]) => key);
  assert.deepEqual(keys({ rate: 0.5, interval: 500 }), ['all.facts', 'all.waste', 'all.sse']);
  assert.deepEqual(keys({ rate: 50 }), ['all.facts', 'all.bulk', 'all.sse']);
  assert.deepEqual(keys({ interval: 10_000 }), ['all.facts', 'all.bulk', 'all.patience', 'all.sse']);
  assert.deepEqual(keys({ rate: 50, cursor: false }), ['all.facts', 'all.sse']); // nothing is saved by asking for everything again
  assert.deepEqual(keys({ payload: 8192 }), ['all.facts', 'all.large', 'all.sse']);
  assert.deepEqual(sayAll(compare(run(3)), SETTINGS, 'cut', en), []);
});

test('what a cut did is told', () => {
  const key = (lost, repeated, recovered) => sayCut({ lost, repeated, recovered }, en)[0];
  assert.deepEqual([key(3, 0, 0), key(3, 1, 0), key(0, 3, 2), key(0, 0, 3), key(0, 0, 0)], ['cut.lost', 'cut.some', 'cut.repeated', 'cut.recovered', 'cut.nothing']);
});

test('figures are written for people', () => {
  assert.deepEqual([0.4, 12.34, 503.2, 1500, 12_000, null].map(en.ms), ['0.4 ms', '12.3 ms', '503 ms', '1.5 s', '12 s', '–']);
  assert.deepEqual([7, 9999, 12_345, 2.5e6, undefined].map(en.bytes), ['7 B', '9,999 B', '12.3 kB', '2.5 MB', '–']);
  assert.deepEqual([0.2, 1, 200].map(en.perSecond), ['one in 5 s', '1 a second', '200 a second']);
  assert.deepEqual([0.123, 5.55, 99.4].map(en.percent), ['0.12 %', '5.6 %', '99 %']);
  assert.equal(speaker('ko').ms(1500), '1.5초');
});

// ---- two languages --------------------------------------------------------------------------------

const places = (sentence) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('both languages say the same things, with the same figures in them', () => {
  assert.deepEqual(Object.keys(WORDS.ko).sort(), Object.keys(WORDS.en).sort());
  for (const [key, sentence] of Object.entries(WORDS.en)) {
    const other = WORDS.ko[key];
    assert.ok(sentence.trim() && other.trim(), key);
    assert.deepEqual(places(other), places(sentence), key);
    assert.equal(other.split('`').length, sentence.split('`').length, key);
  }
});

test('every word that the page asks for is there, and no other', () => {
  const files = ['index.html', 'main.js', 'controls.js', 'table.js', 'charts.js', 'explain.js', 'diagram.js', 'say.js', 'format.js'].map(read).join('\n');
  const whole = new Set([...files.matchAll(/['"]([a-z]+(?:\.[\w]+)*)['"]/g)].map(([, key]) => key));
  const families = ['phase.', 'refusal.', 'name.', 'group.', 'measure.', 'chart.', 'own.', 'means.', 'good.', 'cost.', 'cut.', 'picture.', 'now.', 'set.', 'preset.', 'head.', 'wire.'];
  for (const key of Object.keys(WORDS.en)) assert.ok(whole.has(key) || families.some((family) => key.startsWith(family)), `${key} is not used`);
  for (const [, key] of files.matchAll(/data-(?:say|label)="([^"]+)"/g)) assert.ok(WORDS.en[key], key);
});

test('the Korean text speaks in one voice', () => {
  for (const [key, text] of Object.entries(WORDS.ko))
    assert.doesNotMatch(text.replace(/`[^`]*`/g, ''), /[가-힣]요(?=[.?!”]|$)/m, key); // 합니다 throughout: no sentence and no heading in 해요
});

test('every place is filled, in every sentence', () => {
  const samples = run(10);
  for (const lang of ['en', 'ko']) {
    const speak = speaker(lang);
    for (const settings of [SETTINGS, { ...SETTINGS, rate: 0.5, interval: 100 }, { ...SETTINGS, payload: 8192, interval: 5000 }]) {
      const now = run(10, { settings });
      const sentences = [...TRANSPORTS.map((name) => sayNow(name, compare(now), settings, 'running', speak)), ...sayAll(compare(now), settings, 'running', speak)];
      for (const [key, values] of sentences) assert.doesNotMatch(speak.say(key, values), /[{}]|undefined|NaN/, key);
    }
    const naive = sayNow('poll', { ...compare(samples), poll: { ...compare(samples).poll, repeated: 5 } }, { ...SETTINGS, cursor: false }, 'running', speak);
    assert.equal(naive[0], 'now.poll.naive');
    assert.doesNotMatch(speak.say(...naive), /[{}]/);
  }
  assert.equal(fill('{a} of {b}', { a: 1 }), '1 of {b}');
});

test('the language is the one asked for, else the one chosen before, else the browser’s, else English', () => {
  assert.equal(firstLanguage('?lang=ko', 'en', ['en']), 'ko');
  assert.equal(firstLanguage('?lang=xx', 'ko', ['en']), 'ko');
  assert.equal(firstLanguage('', null, ['fr-FR', 'ko-KR', 'en']), 'ko');
  assert.equal(firstLanguage('?lang=toString', '__proto__', ['de']), 'en');
});

test('the page says at once what it is, in the words that it will say', () => {
  const html = read('index.html');
  for (const key of ['heading', 'lede']) assert.ok(html.includes(`>${WORDS.en[key]}<`), key);
});
