// SPDX-License-Identifier: MIT
// The lab's page in real windows, with a lab whose figures the test decides: what it shows and says, who sets what for whom, what
// its own clients hear and lose, garbage, a lab that goes, a server that is killed, both languages, a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { accessible, browserTests, connection, DESKTOP, fits, PHONE, shot } from '../support/browser.js';
import { fakeLab, figuresAt, SETTINGS } from '../support/lab.js';
import { eventually } from '../support/talk.js';

const { serve, wireTo, open: openWindow, undo } = browserTests();

const open = (server, options, path = '/lab/') => openWindow(`${server.url}${path}`, options);
const phase = (page, words) => page.locator('#phase', { hasText: words }).waitFor();
const cell = (page, measure, transport) => page.locator(`#figures [data-measure="${measure}"] [data-transport="${transport}"] .value`);
const own = (page, transport, measure) => page.locator(`#own [data-transport="${transport}"] [data-measure="${measure}"] .value`);
const shows = (where, text) => where.filter({ hasText: text }).waitFor();

/** A lab on this server: it does what it is told, and its figures go on as fast as the test says. */
async function lab(server, { url = server.url } = {}) {
  const fake = await fakeLab(server, { WebSocket });
  undo(fake.close);
  let seconds = 0, run = 1;
  let at = 0;
  const tell = (options = {}) => {
    seconds++;
    at = at ? at + 1000 : Date.now();
    return fake.say(figuresAt(seconds, { settings: { ...SETTINGS, ...fake.wished }, run, url, at, ...options }));
  };
  return {
    ...fake, tell,
    /** Figures of some seconds at once, once the page hears them: the first ones are kept for it. */
    async tellFor(page, count, options) {
      await tell(options);
      await page.locator('#phase[data-is="running"]').waitFor();
      for (let i = 0; i < count; i++) await tell(options);
    },
    /** Figures each 200 ms from now on. */
    run(options) {
      const timer = setInterval(() => tell(options).catch(() => {}), 200);
      undo(() => clearInterval(timer));
      return () => clearInterval(timer);
    },
    set: (next) => Object.assign(fake.wished, next),
    anew: () => { run++; },
  };
}

const message = (seq, at = Date.now()) => `${seq} ${at.toFixed(3)} ${'x'.repeat(64)}`.slice(0, 64);

test('figures become rates, sentences and charts, in each window', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server);
  await phase(page, 'The experiment is not running');
  await program.tellFor(page, 12);
  await phase(page, 'Measuring');
  await shows(cell(page, 'requests', 'poll'), '10');
  await shows(cell(page, 'requests', 'longpoll'), '100');
  await shows(cell(page, 'bytes', 'sse'), '112 B');
  await shows(cell(page, 'overhead', 'websocket'), '1.5×');
  await shows(cell(page, 'p50', 'poll'), '503 ms');
  await page.getByText('10 requests a second fetch 100 deliveries, 10 in each answer').waitFor();
  assert.match(await page.locator('#all').textContent(), /Polling every 1 s makes 10 requests a second for 100 messages/);
  assert.equal(await page.locator('#charts canvas').count(), 6);
  await page.locator('#charts-details summary').click();
  assert.match(await page.locator('#charts-as-table tbody tr').nth(2).textContent(), /Requests per second10 · 10 · 10100 · 100 · 1000 · 0 · 0/);
  const late = await open(server);
  program.run();
  await phase(late, 'Measuring');
});

test('a slider that is moved in one window moves in the other', async () => {
  const server = await serve();
  const program = await lab(server);
  const [one, other] = [await open(server), await open(server)];
  await connection(one, 'Connected');
  program.run();
  await phase(one, 'Measuring');
  await phase(other, 'Measuring');
  const slider = one.getByLabel('Messages');
  await slider.focus();
  await slider.press('End');
  await other.locator('.slider', { hasText: 'Messages' }).locator('output', { hasText: '200 a second' }).waitFor();
  assert.equal(await other.getByLabel('Messages').inputValue(), '9');
  assert.equal(await other.getByLabel('Messages').getAttribute('aria-valuetext'), '200 a second');
  await other.getByRole('button', { name: 'a rare notification' }).click();
  await one.locator('.slider', { hasText: 'Messages' }).locator('output', { hasText: 'one in 5 s' }).waitFor();
  await one.locator('.slider', { hasText: 'Poll interval' }).locator('output', { hasText: /^1 s$/ }).waitFor();
  await one.locator('#presets [aria-pressed="true"]', { hasText: 'a rare notification' }).waitFor();
  // Somebody else's curl may set what no slider has.
  program.set({ rate: 3.3 });
  await one.locator('.slider', { hasText: 'Messages' }).locator('output', { hasText: '3.3 a second' }).waitFor();
});

test('the page has a client of each transport, which a cut costs what the cursor saves', async () => {
  const server = await serve(['--channel', 'lab=history:100']);
  const program = await lab(server);
  program.set({ interval: 200 });
  const page = await open(server, { prepare: (target) => target.clock.install() });
  const publish = async (seq) => program.g.channel('lab').publish(message(seq, await page.evaluate(() => Date.now()))); // as the page counts the time
  for (let seq = 1; seq <= 5; seq++) await publish(seq);
  program.run();
  for (const name of ['poll', 'longpoll', 'ndjson', 'sse', 'websocket']) await shows(own(page, name, 'state'), 'on');
  await publish(6);
  for (const name of ['poll', 'longpoll', 'ndjson', 'sse', 'websocket']) await shows(own(page, name, 'messages'), /^1$/);

  /** Two seconds go by for the page, and it has heard figures again: the lab has not gone. */
  const pass = async () => {
    const was = await page.locator('#sent').textContent();
    await page.clock.fastForward(2000);
    await page.waitForFunction((old) => document.getElementById('sent').textContent !== old, was);
  };
  const cutWith = async (from) => {
    await program.g.channel('lab:control').publish({ cut: 10_000 });
    for (const name of ['ndjson', 'sse', 'websocket']) await shows(own(page, name, 'state'), 'cut');
    for (let seq = from; seq < from + 4; seq++) await publish(seq);
    for (let i = 0; i < 5; i++) await pass();
    for (const name of ['poll', 'longpoll', 'ndjson', 'sse', 'websocket']) await shows(own(page, name, 'state'), 'on');
    await publish(from + 4);
  };
  await cutWith(7);
  for (const name of ['poll', 'longpoll', 'ndjson', 'sse', 'websocket']) {
    await shows(own(page, name, 'messages'), /^6$/);
    assert.deepEqual([await own(page, name, 'recovered').textContent(), await own(page, name, 'lost').textContent()], ['4', '0'], name);
  }

  await page.getByLabel('Come back with the cursor').uncheck();
  await eventually(() => program.wished.cursor === false, 'the wish');
  await program.tell(); // whoever comes back from the cut knows
  await cutWith(12);
  for (const name of ['ndjson', 'sse', 'websocket']) {
    await shows(own(page, name, 'messages'), /^7$/);
    await shows(own(page, name, 'lost'), /^4$/);
  }
  // Who asks without a cursor is told all that the history holds, again.
  for (const name of ['poll', 'longpoll']) {
    await shows(own(page, name, 'messages'), /^11$/);
    assert.equal(await own(page, name, 'lost').textContent(), '0');
    assert.ok(Number(await own(page, name, 'repeated').textContent()) >= 6);
  }
  await program.tell({ phase: 'resting' });
});

test('the cut is told by transport: lost, recovered, twice', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server);
  await program.tellFor(page, 3);
  await program.tell({ phase: 'cut' });
  await phase(page, 'The connections are cut');
  assert.equal(await page.getByRole('button', { name: 'Cut for 2 seconds' }).isDisabled(), true);
  await program.tell({ of: { ndjson: { lost: 20 }, sse: { recovered: 30 }, poll: { repeated: 5 } } });
  const report = (name) => page.locator(`#cut-report [data-transport="${name}"]`);
  await shows(report('ndjson'), 'lost 20, and nobody told it so');
  await shows(report('sse'), 'lost nothing: 30 recovered');
  await shows(report('poll'), '5 came twice');
  await shows(report('websocket'), 'lost nothing so far');
  await shot(page, 'lab-after-a-cut');
});

test('without a program the page starts it, and says plainly where that cannot be', async () => {
  const server = await serve();
  let status = 501;
  const page = await open(server, {
    outage: true,
    prepare: (target) => target.route('**/lab/start', (route) => route.fulfill({ status, contentType: 'application/problem+json', body: '{}' })),
  });
  await connection(page, 'Connected');
  const start = page.getByRole('button', { name: 'Start' });
  for (const [code, words] of [[501, 'cannot start the lab by itself'], [403, 'pages on its own machine only'], [500, 'answered 500']]) {
    status = code;
    await start.click();
    await page.locator('#refusal', { hasText: words }).waitFor();
  }
  assert.equal(await page.locator('#refusal-line').textContent(), `godwit lab ${server.url}`);
  await accessible(page);
  await shot(page, 'lab-refused');
  // Run by hand, it is there: the page goes on without being asked for.
  const program = await lab(server);
  await program.tell({ phase: 'resting' });
  await phase(page, 'The lab is ready');
  await page.locator('#refusal').waitFor({ state: 'hidden' });
  status = 999; // it is not asked for again
  await start.click();
  await phase(page, 'Starting');
  await program.tell();
  await phase(page, 'Measuring');
  await page.getByRole('button', { name: 'Cut for 2 seconds' }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  assert.deepEqual([await program.said.next(({ start }) => !start), await program.said.next()], [{ cut: 2000 }, { stop: true }]);
});

test('a program that is started is told to begin once it is there', async () => {
  const server = await serve();
  let asked = 0;
  const page = await open(server, {
    prepare: (target) => target.route('**/lab/start', (route) => {
      asked++;
      return route.fulfill({ status: 202 });
    }),
  });
  await connection(page, 'Connected');
  await page.getByRole('button', { name: 'Start' }).click();
  await phase(page, 'Starting');
  const program = await fakeLab(server, { WebSocket });
  undo(program.close);
  assert.deepEqual(await program.said.next(), { start: true });
  assert.equal(asked, 1);
});

test('a lab that goes is told; one that comes back goes on', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server, { prepare: (target) => target.clock.install() });
  const stop = program.run();
  await phase(page, 'Measuring');
  await shows(own(page, 'sse', 'state'), 'on');
  stop();
  await page.clock.fastForward(6000); // the last figures are older than those that come once a second can be
  await phase(page, 'The lab has gone');
  await shows(own(page, 'sse', 'state'), 'off');
  assert.equal(await page.getByLabel('Messages').isDisabled(), true);
  await page.getByRole('button', { name: 'Start again' }).waitFor();
  program.anew();
  program.run();
  await phase(page, 'Measuring');
});

test('the page’s own clients rest while it is hidden, and where they are switched off', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server, {
    prepare: (target) => target.addInitScript(() => {
      const wait = setTimeout;
      globalThis.setTimeout = (step, ms, ...rest) => wait(step, ms === 60_000 ? 20 : ms, ...rest); // a minute is soon over
    }),
  });
  program.run();
  await shows(own(page, 'sse', 'state'), 'on');
  await page.getByLabel('Take part').uncheck();
  await shows(own(page, 'sse', 'state'), 'off');
  await page.getByLabel('Take part').check();
  await shows(own(page, 'sse', 'state'), 'on');

  const sessions = async () => (await (await fetch(`${server.url}/channels/lab/presence`)).json()).sessions;
  const until = (is) => eventually(async () => is(await sessions()), `sessions: ${is}`);
  await until((n) => n >= 3);
  const hide = (isHidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
  await hide(true);
  await until((n) => n === 0);
  await hide(false);
  await until((n) => n >= 3);
  await shows(own(page, 'sse', 'state'), 'on');
});

test('garbage in the channels leaves the page as it is', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server);
  await program.tellFor(page, 2);
  await phase(page, 'Measuring');
  for (const text of ['', 'null', '[1]', '{"run":1}', '<img src=x onerror=alert(1)>', JSON.stringify({ ...figuresAt(9), settings: { rate: {} } })]) await program.say(text);
  await program.g.channel('lab:figures').publish(new Uint8Array([255, 0, 1]));
  for (const text of ['x', '{"cut":"soon"}', '{"cut":1e99}', '{"set":7}', 'null']) await program.g.channel('lab:control').publish(text);
  for (const text of ['', 'hello', '{"a":1}', '1 2']) await program.g.channel('lab').publish(text);
  await program.tellFor(page, 2);
  await shows(cell(page, 'requests', 'poll'), '10');
});

test('the server is killed and comes back: the page says so, and sets nothing meanwhile', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const program = await lab(server, { url: wire.url });
  const page = await open(wire, { outage: true });
  program.run();
  await phase(page, 'Measuring');
  wire.isDown = true;
  wire.cut();
  await connection(page, 'Disconnected');
  await page.waitForFunction(() => document.getElementById('set-rate').disabled);
  await phase(page, 'these are the last figures');
  await shot(page, 'lab-disconnected');
  await accessible(page);
  wire.isDown = false;
  await page.locator('#retry').evaluate((button) => button.click());
  await connection(page, 'Connected');
  await page.waitForFunction(() => !document.getElementById('set-rate').disabled);
});

test('English and Korean: chosen by the browser, the address, and the visitor, who is remembered', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server, { locale: 'ko-KR' });
  await program.tellFor(page, 8);
  await page.getByRole('heading', { level: 1, name: '실험실' }).waitFor();
  await phase(page, '측정 중입니다');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'ko');
  await page.getByText('초당 요청 10번으로 메시지 100개').waitFor();
  assert.equal(await page.title(), '실험실 · Godwit');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByText('10 requests a second fetch 100 deliveries').waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'The lab' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.goto(`${server.url}/lab/?lang=ko`);
  await page.getByRole('heading', { level: 1, name: '실험실' }).waitFor();
});

test('it fits, can be read and passes axe: small and large, light and dark, in both languages', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server, { viewport: DESKTOP, colorScheme: 'light' });
  await accessible(page); // nothing runs
  await program.tellFor(page, 40);
  await page.locator('#charts canvas').last().waitFor();
  for (const details of await page.locator('main details').all()) await details.evaluate((node) => { node.open = true; });
  for (const [device, viewport, colorScheme, language] of [['desktop', DESKTOP, 'light', 'English'], ['phone', PHONE, 'dark', '한국어'], ['narrow', { width: 320, height: 640 }, 'light', '한국어'], ['desktop', DESKTOP, 'dark', 'English']]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.getByRole('button', { name: language }).click();
    await program.tell();
    await accessible(page);
    await fits(page);
    await shot(page, `lab-${device}-${colorScheme}`);
    await page.locator('#charts').scrollIntoViewIfNeeded();
    await shot(page, `lab-${device}-${colorScheme}-charts`);
  }
});

test('the charts follow the colours when they change', async () => {
  const server = await serve();
  const program = await lab(server);
  const page = await open(server, { colorScheme: 'light' });
  await program.tellFor(page, 10);
  await page.locator('#charts canvas').last().waitFor();
  // The reddest of all pixels, which are those of polling.
  const polling = () => page.locator('#charts canvas').first().evaluate((canvas) => {
    const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height }).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let best = 0, sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      const red = data[i + 3] > 200 ? data[i] - data[i + 2] : 0;
      if (red > best) [best, sum] = [red, data[i] + data[i + 1] + data[i + 2]];
    }
    return sum;
  });
  const light = await polling();
  await page.locator('.theme').click();
  await page.locator('.theme').click(); // dark
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await program.tell();
  assert.ok((await polling()) > light + 100, `polling's line did not become lighter than ${light}`);
});
