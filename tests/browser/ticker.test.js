// SPDX-License-Identifier: MIT
// The ticker in real windows: how many prices come, who makes them up and who takes over, what a slow reader sees beside a fast
// one, feeds from outside and garbage, the server killed, WebSockets blocked, a phone, a keyboard.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import godwit from '../../web/client/godwit.js';
import { readBoard } from '../../web/ticker/board.js';
import { accessible, browserTests, connection, DESKTOP, fits, LAPTOP, PHONE, shot } from '../support/browser.js';
import { LATE_MS } from '../support/queue.js';
import { startServer } from '../support/server.js';

const { serve, wireTo, open: openWindow, undo, atOnce } = browserTests();
const test = atOnce(2);

async function open(server, options) {
  const page = await openWindow(`${server.url}/ticker/`, options);
  await page.locator('#rows tr').first().waitFor();
  return page;
}

/** Hears the boards as any program would, and says when they are as one wants them. */
function listen(server, user = 'listener') {
  const g = godwit(server.url, { WebSocket, user });
  undo(() => g.close());
  const boards = [];
  const waiting = new Set();
  g.channel('ticker:live').on('message', (m) => {
    const board = readBoard(m.text);
    if (board) boards.push({ ...board, from: m.from, heard: performance.now() });
    for (const look of waiting) look();
  });
  return {
    g,
    boards,
    until: (is) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not heard: ${is}; the last were from ${boards.slice(-3).map(({ from }) => from)}`)), LATE_MS);
      const look = () => {
        if (!is(boards)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    }),
  };
}

/** Publishes a board every 66 ms until it is told to stop. */
function feed(g, prices = () => ({ GDWT: [128, 128] })) {
  const timer = setInterval(() => g.channel('ticker:live').publish({ t: Date.now(), p: prices() }, { volatile: true }), 66);
  const stop = () => clearInterval(timer);
  undo(stop);
  return stop;
}

const source = (page, words) => page.locator('#source', { hasText: words }).waitFor();
const rows = (page) => page.locator('#rows tr').count();
const reader = (page, key) => page.locator(`[data-reader="${key}"]`);

/** What the page says of a reader: {age (s), perSecond, missed}. */
async function facts(page, key) {
  const [age, perSecond, missed] = await reader(page, key).evaluate((node) => [node.querySelector('.old'), ...node.querySelectorAll('dd')].map((each) => each.textContent));
  const [, number, unit] = /^([\d.]+) (s|min) old$/.exec(age) ?? [];
  return { age: number * (unit === 'min' ? 60 : 1), perSecond: Number(perSecond), missed: Number(missed.replace(/,/g, '')) };
}

/** Waits until the page says of a reader what one wants. */
async function until(page, key, is) {
  const end = Date.now() + LATE_MS;
  for (;;) {
    const now = await facts(page, key);
    if (is(now)) return now;
    assert.ok(Date.now() < end, `${key}: ${is} with ${JSON.stringify(now)}`);
    await sleep(100); // it is painted four times a second
  }
}

/** The slow readers are as quick as the fast one. */
async function hasten(page) {
  await page.getByLabel('A slow reader needs').press('Home');
  await page.getByText('0 ms', { exact: true }).waitFor();
}

/** Every cell of the board has room for what is in it, and its row for the cell. */
async function nothingIsCut(page) {
  const cut = await page.locator('#rows').evaluate((body) => [...body.rows].flatMap((row) => [...row.cells].slice(2).filter((cell) =>
    cell.scrollWidth > cell.clientWidth || cell.getBoundingClientRect().right > row.getBoundingClientRect().right)).map((cell) => cell.textContent));
  assert.deepEqual(cut, []);
}

// ---- the board ------------------------------------------------------------------------------------

test('hundreds of prices a second come, and the page shows the newest of each', async () => {
  const server = await serve();
  const page = await open(server, { viewport: DESKTOP });
  const ear = listen(server);
  // A machine that tests other things at the same time may lose a second; not each of them.
  await ear.until((boards) => {
    const last = boards.filter(({ heard }) => heard > boards.at(-1).heard - 1500);
    const seconds = (last.at(-1)?.heard - last[0]?.heard) / 1000;
    return seconds > 1 && last.slice(1).reduce((sum, { prices }) => sum + prices.size, 0) / seconds >= 400;
  });
  await page.waitForFunction(() => Number(document.getElementById('rate').textContent) >= 400);
  assert.equal(await rows(page), 40);
  for (const viewport of [DESKTOP, LAPTOP, { width: 1020, height: 700 }, DESKTOP]) {
    await page.setViewportSize(viewport);
    await nothingIsCut(page);
  }
  await until(page, 'fast', ({ age, missed, perSecond: n }) => age < 0.5 && missed === 0 && n > 10);
  await page.waitForFunction(() => [...document.querySelectorAll('#rows canvas')].every((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value);
  }));
  // What is painted is a board that was published, moments ago: all prices of one and the same.
  const texts = await page.locator('#rows').evaluate((body) => [...body.rows].map((row) => [row.querySelector('b').textContent, row.querySelector('.price').textContent]));
  await ear.until((boards) => boards.slice(-60).some(({ prices }) => texts.every(([symbol, text]) => prices.get(symbol).price.toFixed(2) === text)));
  await page.waitForFunction(() => document.getAnimations().length > 0); // moves light up
  await shot(page, 'ticker-desktop-light');
  await accessible(page);
});

test('a window that comes later, or again, has the lines of the minute before', async () => {
  const server = await serve();
  const now = Date.now();
  for (let s = 50; s >= 0; s--) {
    const body = JSON.stringify({ t: now - s * 1000, p: { GDWT: 100 + (s % 7) } });
    assert.equal((await fetch(`${server.url}/channels/ticker:minute`, { method: 'POST', body })).status, 201);
  }
  const page = await open(server);
  await page.waitForFunction(() => {
    const row = [...document.querySelectorAll('#rows tr')].find((each) => each.textContent.startsWith('GDWT'));
    const canvas = row.querySelector('canvas');
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.findIndex((value, i) => i % 4 === 3 && value > 200 && ((i >> 2) % width) < width / 3) >= 0;
  });
});

test('held still, or while nobody looks, nothing is painted; then it goes on with the newest at once', async () => {
  const server = await serve();
  const page = await open(server);
  await until(page, 'fast', ({ perSecond }) => perSecond > 5);
  const text = (selector) => page.locator(selector).textContent();
  const look = (isHidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
    return document.getElementById('readers').textContent;
  }, isHidden);
  const ear = listen(server);
  const seen = await look(true);
  await ear.until((boards) => boards.length > 10);
  assert.equal(await text('#readers'), seen);
  assert.notEqual(await look(false), seen);

  await page.getByRole('button', { name: 'Hold still' }).click();
  const [rowsThen, readersThen, count] = [await text('#rows'), await text('#readers'), ear.boards.length];
  await ear.until((boards) => boards.length > count + 10);
  assert.deepEqual([await text('#rows'), await text('#readers')], [rowsThen, readersThen]);
  await page.getByText(/^Held still at/).waitFor();
  await accessible(page);
  await page.getByRole('button', { name: 'Hold still' }).click();
  await page.waitForFunction((old) => document.getElementById('rows').textContent !== old, rowsThen);
  assert.equal(await page.getByText(/^Held still at/).count(), 0);
});

// ---- who makes the prices -------------------------------------------------------------------------

test('windows that open at once settle to one market; when it closes another takes over, from the prices where they were', async () => {
  const server = await serve();
  const pages = await Promise.all([open(server), open(server), open(server)]);
  const ear = listen(server);
  await ear.until((boards) => boards.length > 30 && new Set(boards.slice(-30).map(({ from }) => from)).size === 1);
  const sources = await Promise.all(pages.map((page) => page.locator('#source').textContent()));
  assert.deepEqual([...sources].sort(), ['another window', 'another window', 'this window']);

  const was = ear.boards.at(-1).from;
  const closing = pages[sources.indexOf('this window')];
  const others = pages.filter((page) => page !== closing);
  const closed = performance.now();
  await closing.context().close();
  await ear.until((boards) => boards.at(-1).from !== was);
  const at = ear.boards.findLastIndex(({ from }) => from === was) + 1;
  assert.ok(ear.boards[at].heard - closed < 10_000, `${ear.boards[at].heard - closed} ms`);
  const [before, after] = [ear.boards[at - 1].prices, ear.boards[at].prices];
  for (const [symbol, { price, open: first }] of before) {
    assert.ok(Math.abs(after.get(symbol).price / price - 1) < 0.01, symbol);
    assert.equal(after.get(symbol).open, first);
  }
  await Promise.any(others.map((page) => source(page, 'this window')));
  await Promise.any(others.map((page) => source(page, 'another window')));
});

test('of two markets that hear each other the one with the smaller name stays', async () => {
  const server = await serve();
  const page = await open(server);
  await source(page, 'this window');
  const large = listen(server, 'market-~');
  feed(large.g);
  const isPages = ({ from }) => /^market-[0-9a-z]/.test(from);
  await large.until((boards) => boards.filter(({ from }) => from === 'market-~').length > 20);
  assert.ok(large.boards.slice(-20).some(isPages), 'it gave way to the larger name');
  const small = listen(server, 'market-!');
  feed(small.g);
  await small.until((boards) => boards.length > 30 && !boards.slice(-30).some(isPages));
});

test('a feed from outside is the market; when it ends the window goes on', async () => {
  const server = await serve();
  const page = await open(server);
  await source(page, 'this window');
  const ear = listen(server);
  let price = 4000;
  let isOver = false;
  const posting = (async () => {
    while (!isOver) {
      const answer = await fetch(`${server.url}/channels/ticker:live`, { method: 'POST', body: JSON.stringify({ t: Date.now(), p: { XAU: [price++, 4000], GDWT: 55.5 } }) });
      assert.equal(answer.status, 201);
      await sleep(20);
    }
  })();
  undo(() => { isOver = true; });
  await source(page, 'a feed from outside');
  await page.locator('#rows tr', { hasText: 'XAU' }).waitFor();
  await ear.until((boards) => boards.length > 60 && boards.slice(-40).every(({ from }) => from === undefined));
  await page.locator('#rows tr', { hasText: 'GDWT' }).locator('.price', { hasText: /^55\.50$/ }).waitFor();
  isOver = true;
  await posting;
  await source(page, 'this window');
  await ear.until((boards) => boards.at(-1).from);
  const next = ear.boards[ear.boards.findLastIndex(({ from }) => !from) + 1];
  assert.ok(Math.abs(next.prices.get('GDWT').price / 55.5 - 1) < 0.01, 'it goes on from the feed');
});

test('garbage in the channels changes nothing', async () => {
  const server = await serve();
  const page = await open(server);
  await source(page, 'this window');
  const garbage = ['', 'hello', '{', 'null', '[]', '{"t":1,"p":{"A":1}}', '{"t":9e99,"p":{}}', `{"t":${Date.now()},"p":{"<img src=x onerror=alert(1)>":1,"X":"1","Y":-5,"Z":null}}`, 'x'.repeat(60_000), new Uint8Array([0, 255, 254, 10])];
  for (const channel of ['ticker:live', 'ticker:tape', 'ticker:minute'])
    for (const body of garbage) assert.equal((await fetch(`${server.url}/channels/${channel}`, { method: 'POST', body })).status, 201);
  const ear = listen(server);
  await ear.until((boards) => boards.length > 10);
  assert.equal(await rows(page), 40);
  await source(page, 'this window');
  await page.reload();
  await page.locator('#rows tr').nth(39).waitFor();
  await hasten(page);
  for (const key of ['fast', 'fresh']) await until(page, key, ({ age }) => age < 2);
});

// ---- slow and fast --------------------------------------------------------------------------------

test('a slow reader gets fewer prices but fresh ones, one that must take all sees them older and older', async () => {
  const server = await serve();
  const page = await open(server, { viewport: DESKTOP });
  const late = await until(page, 'late', ({ age }) => age > 3);
  const fresh = await until(page, 'fresh', ({ age }) => age < 1.6);
  assert.ok(fresh.perSecond < 3 && fresh.missed > 20, JSON.stringify(fresh));
  assert.ok(late.perSecond < 3 && late.missed === 0, JSON.stringify(late));
  await until(page, 'fast', ({ age, perSecond, missed }) => age < 0.5 && perSecond > 8 && missed === 0);
  await until(page, 'late', ({ age }) => age > late.age + 1);
  await shot(page, 'ticker-readers');

  // Paused, both stand still; then the one is fresh at once, and the other goes on where it was.
  const pause = page.getByRole('button', { name: 'Pause the slow readers' });
  await pause.click();
  await until(page, 'fresh', ({ age }) => age > 3);
  await until(page, 'fast', ({ age }) => age < 0.5);
  await pause.click();
  const back = await until(page, 'fresh', ({ age }) => age < 1.6);
  assert.ok(back.missed > fresh.missed + 15, `${back.missed}`);
  const far = await facts(page, 'late');
  assert.ok(far.age > late.age + 2 && far.missed === 0, JSON.stringify(far));

  // As quick as the fast one it takes all that waits, in order, and has caught up.
  await hasten(page);
  const caught = await until(page, 'late', ({ age }) => age < 0.5);
  assert.equal(caught.missed, 0);
  await until(page, 'late', ({ perSecond }) => perSecond > 8);
});

// ---- losses ---------------------------------------------------------------------------------------

test('when the server is killed the prices grow old in plain sight, and go on when it is back', async () => {
  const server = await serve();
  const page = await open(server, { outage: true });
  await source(page, 'this window');
  const { port } = server;
  await server.kill();
  await page.getByText('These prices are not live.').waitFor();
  await connection(page, 'Disconnected');
  assert.ok((await facts(page, 'fast')).age > 2.9);
  assert.equal(await page.locator('#source').textContent(), 'nobody now');
  assert.equal(await page.locator('#rate').textContent(), '0');
  await accessible(page);
  await shot(page, 'ticker-disconnected');
  const failed = page.waitForEvent('requestfailed', (request) => request.url().includes('/ticker/reader.js'));
  await page.getByLabel('A slow reader needs').press('ArrowLeft'); // its program cannot even be loaded now
  await failed;
  const again = await startServer('serve', ['--listen', `127.0.0.1:${port}`]);
  undo(again.kill);
  await page.getByRole('button', { name: 'Try now' }).click({ timeout: 2000 }).catch(() => {}); // it may be back by itself
  await source(page, 'this window');
  await hasten(page);
  for (const key of ['fast', 'fresh', 'late']) await until(page, key, ({ age }) => age < 3);
  assert.equal(await page.getByText('These prices are not live.').count(), 0);
});

test('offline and back', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire, { outage: true });
  await hasten(page);
  await page.context().setOffline(true);
  wire.cut();
  await connection(page, 'Offline');
  await page.context().setOffline(false);
  await connection(page, 'Connected');
  for (const key of ['fast', 'fresh']) await until(page, key, ({ age }) => age < 2);
});

test('where WebSockets are blocked the prices come all the same', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  wire.rules.websocket = 'refuse';
  const page = await open(wire, { outage: true });
  await page.locator('#bar .state', { hasText: 'SSE' }).waitFor();
  await until(page, 'fast', ({ age, perSecond }) => age < 0.7 && perSecond > 5);
  await until(page, 'late', ({ age }) => age > 2);
  await until(page, 'fresh', ({ age, missed }) => age < 1.6 && missed > 0);
});

// ---- how it is used -------------------------------------------------------------------------------

test('a summary is told when it is asked for, by keyboard', async () => {
  const server = await serve();
  const page = await open(server);
  const status = page.locator('#summary-text');
  assert.equal(await status.textContent(), '');
  await page.locator('#main').focus();
  const names = [];
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press('Tab');
    names.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  assert.deepEqual(names, ['what a slow reader sees of them', 'summary', 'hold', 'slowness', 'pause']);
  await page.getByRole('button', { name: 'Summary' }).press('Enter');
  assert.match(await status.textContent(), /^40 instruments, \d+ of them above their open\. Highest: \w+ [\d.]+, up [\d.]+ %\. Lowest: .* prices a second; the newest is \d\.\d s old\.$/);
  await accessible(page);
  // The table reads as one, and nothing in it speaks by itself.
  await page.getByRole('table', { name: /newest price of each instrument/ }).waitFor();
  assert.equal(await page.getByRole('row').count(), 41);
  assert.equal(await page.locator('#board [aria-live], #board [role="status"], #readers [aria-live], #readers [role="status"]').count(), 0);
});

test('a phone has one column; where less motion is asked for nothing lights up', async () => {
  const server = await serve();
  const page = await open(server, { viewport: PHONE, colorScheme: 'dark', reducedMotion: 'reduce', isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await page.evaluate(() => {
    globalThis.lit = 0;
    const animate = Element.prototype.animate;
    Element.prototype.animate = function count(...how) {
      globalThis.lit++;
      return animate.apply(this, how);
    };
  });
  await until(page, 'late', ({ perSecond }) => perSecond > 0.5);
  assert.equal(await page.evaluate(() => globalThis.lit), 0);
  await fits(page);
  await accessible(page);
  await shot(page, 'ticker-phone-dark');
  const [wide, narrow] = await page.locator('#rows').evaluate((body) => [body.rows[0], body.rows[1]].map((row) => row.offsetLeft));
  assert.equal(wide, narrow);
  await page.setViewportSize({ width: 320, height: 640 });
  await fits(page);
  await nothingIsCut(page);
  await page.setViewportSize(PHONE);
  await page.getByRole('link', { name: /slow reader/ }).tap();
  await page.waitForFunction(() => scrollY > 500);
  await page.waitForFunction(() => document.querySelector('[data-reader="fast"]').getBoundingClientRect().top < innerHeight);
  await shot(page, 'ticker-phone-readers');
  assert.equal(await page.locator('#rows canvas').first().evaluate((canvas) => canvas.width), await page.locator('#rows canvas').first().evaluate((canvas) => 2 * canvas.clientWidth));
});
