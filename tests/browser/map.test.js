// SPDX-License-Identifier: MIT
// The map in windows of Chromium: everyone's marker and couriers at the right place in every window, and gone with whoever leaves,
// however they leave; what comes from outside; and how it looks and can be used.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Talker } from '../support/godwit.js';
import { LATE_MS } from '../support/queue.js';
import { startServer } from '../support/server.js';
import { DESKTOP, PHONE, accessible, browserTests, connection, fits, shot } from '../support/browser.js';
import { crash } from '../support/chromium.js';

const { serve, wireTo, open, undo } = browserTests();
const AT_ONCE = 7000; // sooner than silence, which is 10 s, less the 2 s that the last sign of life may be old
const NEAR = 0.012;

// ---- what the tests speak in ----------------------------------------------------------------------

/** A window on the map, connected. */
async function join(server, name, options = {}) {
  const page = await open(`${server.url}/map/`, { name, ...options });
  await connection(page, 'Connected');
  return page;
}

/** A window for each. */
const joinAll = (server, names, options) => Promise.all(names.map((name) => join(server, name, options)));

/** Moves the mouse to a place of the map, x and y from 0 to 1 as the map has them. */
async function move(page, x, y) {
  const box = await page.locator('#stage').boundingBox();
  await page.mouse.move(box.x + 2, box.y + 2);
  await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
}

// In the page: where figures of this name stand on the map, 0 to 1, however it is turned.
function placesOf({ name, selector }) {
  const { left, top, width, height } = document.querySelector('#stage').getBoundingClientRect();
  return [...document.querySelectorAll(`#figures ${selector}`)].filter((node) => node.textContent.includes(name)).map((node) => {
    const box = node.getBoundingClientRect();
    const [h, v] = [(box.left - left) / width, (box.top - top) / height];
    return height > width ? { x: 1 - v, y: h } : { x: h, y: v };
  });
}
const places = (page, name, selector = '.figure') => page.evaluate(placesOf, { name, selector });
const couriers = (page) => page.evaluate(placesOf, { name: '', selector: '.courier' });

/** Looks again and again until it is so. */
async function until(isSo, timeout, words) {
  const end = Date.now() + timeout;
  while (!await isSo()) {
    if (Date.now() > end) assert.fail(typeof words === 'function' ? await words() : words);
    await new Promise((resolve) => { setTimeout(resolve, 15); });
  }
}

const isAt = (x, y) => (at) => Math.hypot(at.x - x, at.y - y) < NEAR;
const sees = (page, name, x, y, timeout = LATE_MS) =>
  until(async () => (await places(page, name)).some(isAt(x, y)), timeout, async () => `${name} is not at ${x} ${y}, but ${JSON.stringify(await places(page, name))}`);

const figure = (page, name) => page.locator('#figures .figure .tag', { hasText: name });
const row = (page, name) => page.locator('#people > li').filter({ has: page.locator('.who', { hasText: name }) });
const gone = async (page, name, timeout) => {
  await figure(page, name).waitFor({ state: 'detached', timeout });
  await row(page, name).waitFor({ state: 'detached', timeout });
};
// A page whose time the test has in hand; "stopped", it goes on by what the test says. Its worker's goes on all the same.
const withClock = { prepare: (page) => page.clock.install() };
const stop = async (page) => page.clock.pauseAt(await page.evaluate(() => Date.now()) + 2000);

/** Another session of the same person, which no page knows of: presence does not tell that they have left. */
async function stays(server, name) {
  const talker = await Talker.open(server, `/ws?user=${name}`);
  undo(() => talker.close());
  await talker.sub('map:town');
}
const hasCouriers = (page, n, timeout = LATE_MS) => until(async () => await page.locator('#figures .courier').count() === n, timeout, `not ${n} couriers`);
const send = (page, n) => page.getByLabel(n, { exact: true }).check({ force: true });

async function post(server, body, { query = '?event=at', room = 'town' } = {}) {
  const answer = await fetch(`${server.url}/channels/map:${room}${query}`, { method: 'POST', body });
  assert.equal(answer.status, 201, await answer.text());
}

// ---- who is where ---------------------------------------------------------------------------------

test('two see each other at the right place, by name, on a desktop and on a phone', async () => {
  const server = await serve();
  const [ann, bo] = await Promise.all([join(server, 'Ann', { viewport: DESKTOP }), join(server, 'Bo', { viewport: PHONE, hasTouch: true, isMobile: true })]);
  await move(ann, 0.45, 0.55);
  await sees(ann, 'Ann', 0.45, 0.55);
  await sees(bo, 'Ann', 0.45, 0.55);
  await move(ann, 0.8, 0.2);
  await sees(bo, 'Ann', 0.8, 0.2);
  await row(bo, 'Ann').getByText('near Lime Park').waitFor({ state: 'detached' });

  // The phone's map is turned a quarter: right is south. A finger moves the marker, and nothing else.
  const box = await bo.locator('#stage').boundingBox();
  await bo.touchscreen.tap(box.x + box.width * 0.3, box.y + box.height * 0.6);
  await sees(ann, 'Bo', 0.4, 0.3);
  const touch = await bo.context().newCDPSession(bo);
  const finger = (type, v) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: v === undefined ? [] : [{ x: box.x + box.width * 0.3, y: box.y + box.height * v }] });
  await finger('touchStart', 0.6);
  for (const v of [0.5, 0.4, 0.3]) await finger('touchMove', v);
  await finger('touchEnd');
  await sees(ann, 'Bo', 0.7, 0.3);
  assert.equal(await bo.evaluate(() => scrollY), 0, 'the page has not scrolled under the finger');

  assert.equal(await ann.locator('#count').textContent(), '2');
  await shot(ann, 'map-two');
});

test('whoever comes late sees at once those who stand still', async () => {
  const server = await serve();
  const ann = await join(server, 'Ann', withClock);
  await move(ann, 0.25, 0.75);
  await sees(ann, 'Ann', 0.25, 0.75);
  await stop(ann);
  const dee = await join(server, 'Dee');
  await figure(ann, 'Dee').waitFor(); // what Dee says first is a question
  await ann.clock.runFor(400); // it is answered within 0.3 s; by herself Ann would say nothing for 2 s
  await sees(dee, 'Ann', 0.25, 0.75);
  await row(dee, 'Ann').getByText('near Godwit Sands').waitFor();
  await ann.clock.runFor(200); // it glides to where it is
  await sees(ann, 'Dee', ...Object.values((await places(dee, 'Dee'))[0]));
  await ann.clock.resume();
  await ann.locator('#said', { hasText: 'Dee is here.' }).waitFor();
});

test('couriers ride in all windows, and vanish at once with a window that is closed', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  await send(ann, '20');
  await hasCouriers(bo, 20);
  const before = await couriers(bo);
  await until(async () => (await couriers(bo)).every(({ x, y }, i) => Math.hypot(x - before[i].x, y - before[i].y) > 0.002), LATE_MS, 'they do not move');
  await row(bo, 'Ann').getByText('20 couriers').waitFor();
  await send(ann, '5');
  await hasCouriers(bo, 5);
  await row(bo, 'Ann').getByRole('button').click();
  await bo.getByText(/^courier 3: /).waitFor();
  assert.equal(await bo.locator('.found').count(), 6, 'Ann and her couriers are pointed out');
  await bo.locator('.courier .tag', { hasText: 'courier 3 of Ann' }).waitFor();
  await accessible(bo);
  await shot(bo, 'map-found');
  await stays(server, 'Ann');
  await ann.close();
  await gone(bo, 'Ann', AT_ONCE);
  await hasCouriers(bo, 0, 0);
  assert.equal(await bo.locator('.finding').count(), 0);
  await bo.locator('#said', { hasText: /Ann (was here, and )?has left\./ }).waitFor(); // the former where she came only a moment ago
});

test('a page that is loaded again is the same person; another name is another', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  await figure(bo, 'Ann').waitFor();
  await ann.reload();
  await connection(ann, 'Connected');
  await move(ann, 0.5, 0.5);
  await sees(bo, 'Ann', 0.5, 0.5);
  await until(async () => (await places(bo, 'Ann')).length === 1, AT_ONCE, 'who she was before is still there');
  await stays(server, 'Ann');
  await ann.goto(server.url);
  await gone(bo, 'Ann', AT_ONCE);
  await ann.goBack();
  await connection(ann, 'Connected');
  await move(ann, 0.5, 0.5);
  await sees(bo, 'Ann', 0.5, 0.5);
  await ann.getByLabel('Your name').fill('Zoe');
  await ann.getByLabel('Your name').press('Enter');
  await sees(bo, 'Zoe', 0.5, 0.5);
  await gone(bo, 'Ann', AT_ONCE);
  await figure(ann, 'Zoe (you)').waitFor();
});

test('two tabs of one person are two markers, and each goes by itself', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  const tab = await ann.context().newPage();
  await tab.goto(`${server.url}/map/`);
  await connection(tab, 'Connected');
  await move(ann, 0.2, 0.2);
  await move(tab, 0.7, 0.6);
  await sees(bo, 'Ann', 0.2, 0.2);
  await sees(bo, 'Ann', 0.7, 0.6);
  await row(bo, 'Ann').getByText('in 1 more place').waitFor();
  assert.equal(await ann.locator('#count').textContent(), '2', 'two people, in three windows');
  await ann.close(); // it led the connection of both
  await until(async () => await bo.locator('#figures .figure').count() === 2, AT_ONCE, 'the closed tab is still there');
  await move(tab, 0.6, 0.6);
  await sees(bo, 'Ann', 0.6, 0.6);
});

test('the couriers of a page whose own timers stand still ride on', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  await ann.evaluate(() => { // as in a tab that nobody sees
    globalThis.setTimeout = globalThis.setInterval = globalThis.requestAnimationFrame = () => 0;
  });
  await send(ann, '5');
  await hasCouriers(bo, 5);
  const before = await couriers(bo);
  await until(async () => (await couriers(bo)).every(({ x, y }, i) => Math.hypot(x - before[i].x, y - before[i].y) > 0.002), LATE_MS, 'they do not move');
});

test('what is heard is counted in words', async () => {
  const server = await serve();
  const ann = await join(server, 'Ann');
  await ann.getByText('1 update a second · 0 couriers').waitFor(); // her own sign of life comes back to her
  await send(ann, '5');
  await ann.getByText(/^\d+ updates a second · 5 couriers$/).waitFor();
});

test('rooms are apart', async () => {
  const server = await serve();
  const ann = await join(server, 'Ann');
  const bo = await open(`${server.url}/map/?room=mud%20flat`, { name: 'Bo' });
  await bo.getByRole('heading', { name: 'Map: mud flat' }).waitFor();
  await connection(bo, 'Connected');
  await post(server, '{"who":"Van 7","x":0.1,"y":0.1}', { room: 'mud%20flat' });
  await figure(bo, 'Van 7').waitFor();
  assert.deepEqual(await ann.locator('#figures .figure .tag').allTextContents(), ['Ann (you)']);
  assert.match(await bo.locator('#line').textContent(), /channels\/map:mud%20flat$/);
});

// ---- when something fails ---------------------------------------------------------------------------

test('a tab that crashes is removed by presence', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  await send(ann, '5');
  await hasCouriers(bo, 5);
  const ear = await Talker.open(server);
  undo(() => ear.close());
  await ear.sub('map:town');
  await crash(ann);
  await ear.next(/^leave map:town Ann$/);
  await gone(bo, 'Ann', 4000); // that is 5 s after it; silence would take 10
  await hasCouriers(bo, 0, 0);
});

test('offline: the others stay as last known, and live again when it is back', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const [ann, bo] = await Promise.all([join(server, 'Ann'), join(wire, 'Bo', { outage: true })]);
  await move(ann, 0.3, 0.3);
  await sees(bo, 'Ann', 0.3, 0.3);
  await bo.context().setOffline(true);
  wire.cut();
  await connection(bo, 'Offline');
  await row(bo, 'Ann').getByText('last known: ').waitFor();
  await bo.locator('.lost').waitFor();
  await move(bo, 0.6, 0.4);
  await sees(bo, 'Bo', 0.6, 0.4);
  await accessible(bo);
  await shot(bo, 'map-offline');
  await bo.context().setOffline(false);
  await connection(bo, 'Connected');
  await sees(ann, 'Bo', 0.6, 0.4);
  await move(ann, 0.4, 0.7);
  await sees(bo, 'Ann', 0.4, 0.7);
  await bo.getByText('last known').waitFor({ state: 'detached' });
});

test('the server is killed and comes back: those who are still there are, the others are not', async () => {
  let server = await serve();
  const wire = await wireTo(server);
  const at = { url: wire.url };
  const [ann, bo, cy] = await joinAll(at, ['Ann', 'Bo', 'Cy'], { outage: true });
  await figure(ann, 'Bo').waitFor();
  await figure(ann, 'Cy').waitFor();
  const port = server.port;
  await server.kill();
  await connection(ann, 'Disconnected');
  await row(ann, 'Bo').getByText('last known').waitFor();
  await cy.close();
  await move(bo, 0.66, 0.33);
  server = await startServer('serve', ['--listen', `127.0.0.1:${port}`]);
  undo(server.kill);
  await sees(ann, 'Bo', 0.66, 0.33);
  await gone(ann, 'Cy', 8000); // who does not answer within 4 s; silence would take 10
  assert.equal(await ann.getByText('last known').count(), 0);
});

for (const [words, rules] of [['SSE', { websocket: 'refuse' }], ['long polling', { websocket: 'refuse', sse: 'end' }]]) {
  test(`where nothing but ${words} gets through`, async () => {
    const server = await serve();
    const wire = await wireTo(server);
    Object.assign(wire.rules, rules);
    const ann = await join(server, 'Ann');
    const bo = await join(wire, 'Bo', { outage: true });
    await connection(bo, words);
    await move(ann, 0.3, 0.6);
    await sees(bo, 'Ann', 0.3, 0.6);
    await send(bo, '5');
    await hasCouriers(ann, 5);
    await move(bo, 0.7, 0.2);
    await sees(ann, 'Bo', 0.7, 0.2);
    await stays(server, 'Bo');
    await bo.close();
    await gone(ann, 'Bo', AT_ONCE);
  });
}

// ---- from outside -----------------------------------------------------------------------------------

test('a script places something, and takes it away', async () => {
  const server = await serve();
  const ann = await join(server, 'Ann');
  await post(server, '{"who":"Van 7","x":0.4,"y":0.6}');
  await sees(ann, 'Van 7', 0.4, 0.6);
  await row(ann, 'Van 7').getByText('from outside').waitFor();
  await post(server, '{"who":"Van 7","x":0.5,"y":0.7}', { query: '' });
  await sees(ann, 'Van 7', 0.5, 0.7);
  await post(server, '{"id":"v","who":"Ann","x":0.9,"y":0.9}', { query: '?event=at&user=mallory' });
  await figure(ann, 'Ann (mallory)').waitFor();
  await post(server, 'Van 7', { query: '?event=gone' });
  await gone(ann, 'Van 7', AT_ONCE);
});

test('garbage and 5,000 bogus positions break nothing', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  for (const body of ['', 'hello', 'null', '[1]', '{"x":{}}', '{"who":"<img src=x onerror=alert(1)>","x":0.5,"y":0.5}', '\u0000\u0001', '{"who":"far","x":7,"y":-3}', 'x'.repeat(60_000)]) {
    for (const event of ['at', 'gone', 'hello', 'zzz']) await post(server, body, { query: `?event=${event}` });
  }
  await post(server, new Uint8Array([255, 254, 0]));
  const bogus = (from) => Array.from({ length: 500 }, (_, i) => ({ channel: 'map:town', event: 'at', data: { who: `bot ${from + i}`, x: Math.random(), y: Math.random(), c: Array(40).fill(0.5) } }));
  for (let i = 0; i < 5000; i += 500) {
    const answer = await fetch(`${server.url}/publish`, { method: 'POST', body: JSON.stringify(bogus(i)) });
    assert.equal(answer.status, 200);
  }
  await figure(ann, 'bot ').first().waitFor();
  await move(bo, 0.35, 0.65);
  await sees(ann, 'Bo', 0.35, 0.65);
  const [figures, riders, rows] = await ann.evaluate(() => ['.figure', '.courier', '#people > li'].map((kind) => document.querySelectorAll(kind).length));
  assert.ok(figures <= 52, `${figures} figures`);
  assert.ok(riders <= 400, `${riders} couriers`);
  assert.ok(rows <= 100, `${rows} rows`);
  assert.equal(await ann.locator('img[src="x"]').count(), 0);
  await fits(ann);
  await shot(ann, 'map-full');
});

// ---- for everybody ----------------------------------------------------------------------------------

test('by keyboard alone', async () => {
  const server = await serve();
  const [ann, bo] = await joinAll(server, ['Ann', 'Bo']);
  await move(ann, 0.5, 0.5);
  await sees(bo, 'Ann', 0.5, 0.5);
  const stage = ann.getByRole('application', { name: 'Map of the town' });
  for (let i = 0; i < 30 && !await stage.evaluate((node) => node === document.activeElement); i++) await ann.keyboard.press('Tab');
  const { width, height } = await stage.boundingBox();
  for (let i = 0; i < 4; i++) await ann.keyboard.press('ArrowRight');
  await ann.keyboard.press('ArrowUp');
  await sees(bo, 'Ann', 0.5 + 4 * 24 / width, 0.5 - 24 / height);
  await ann.keyboard.press('Shift+ArrowUp');
  await sees(bo, 'Ann', 0.5 + 4 * 24 / width, 0.5 - 28 / height);
  await ann.locator('#here', { hasText: /^You are / }).waitFor();
  assert.equal(await ann.locator('#here').textContent(), `You are ${await row(ann, 'Ann').locator('.where').textContent()}.`);
  for (let i = 0; i < 60; i++) await ann.keyboard.press('ArrowLeft');
  await sees(bo, 'Ann', 0.008, 0.5 - 28 / height); // a badge stays within the edge
  await ann.getByLabel('none').focus();
  await ann.keyboard.press('ArrowRight');
  await hasCouriers(bo, 5);
  await row(ann, 'Bo').getByRole('button').focus();
  await ann.keyboard.press('Enter');
  await ann.locator('.figure.found .tag', { hasText: 'Bo' }).waitFor();
});

test('a marker glides; where no motion is wanted it is there at once', async () => {
  const server = await serve();
  const [ann, bo, cy] = await Promise.all([join(server, 'Ann'), join(server, 'Bo', withClock), join(server, 'Cy', { ...withClock, reducedMotion: 'reduce' })]);
  await move(ann, 0.2, 0.5);
  for (const page of [bo, cy]) {
    await sees(page, 'Ann', 0.2, 0.5);
    await stop(page);
  }
  const box = await ann.locator('#stage').boundingBox();
  await ann.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.5);
  // From frame to frame of its own time: how many places there are on the way.
  const watch = async (page) => {
    const onTheWay = new Set();
    await until(async () => {
      await page.clock.runFor(16);
      const [{ x }] = await places(page, 'Ann');
      if (x > 0.205 && x < 0.795) onTheWay.add(x.toFixed(3));
      return x >= 0.795;
    }, 15_000, 'it does not come');
    return onTheWay.size;
  };
  const [glided, jumped] = [await watch(bo), await watch(cy)];
  assert.ok(glided >= 3, `${glided} places`);
  assert.equal(jumped, 0);
});

test('light, dark, phone, enlarged: it fits, and axe has nothing to say', async () => {
  const server = await serve();
  const looks = { light: {}, dark: { colorScheme: 'dark', viewport: DESKTOP }, phone: { viewport: PHONE, hasTouch: true }, enlarged: { viewport: { width: 640, height: 360 } }, narrow: { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } };
  for (const [look, options] of Object.entries(looks)) {
    const page = await join(server, `Ann ${look}`, options);
    await post(server, '{"who":"Van 7","x":0.4,"y":0.6}');
    await figure(page, 'Van 7').waitFor();
    await send(page, '5');
    await hasCouriers(page, 5);
    await page.getByText('From a terminal').click();
    await fits(page);
    await accessible(page);
    await page.evaluate(() => scrollTo(0, 0));
    await shot(page, `map-${look}`);
    await page.close();
  }
});

test('the page comes in one round, small, and asks nobody else for anything', async () => {
  const server = await serve();
  const urls = [];
  const page = await open(`${server.url}/map/`, { prepare: (each) => each.on('request', (request) => urls.push(request.url())) });
  await connection(page, 'Connected');
  assert.deepEqual(urls.filter((url) => !url.startsWith(server.url)), []);
  const links = await page.locator('link[rel="modulepreload"], script[src]').evaluateAll((nodes) => nodes.map((node) => node.href || node.src));
  const scripts = urls.filter((url) => url.endsWith('.js') && !url.endsWith('/worker.js'));
  assert.deepEqual([...new Set(scripts)].sort(), links.sort(), 'all that is loaded is named in the head');
  const bytes = await page.evaluate(() => performance.getEntriesByType('resource').reduce((sum, { transferSize }) => sum + transferSize, 0));
  assert.ok(bytes < 60_000, `${bytes} bytes`);
});
