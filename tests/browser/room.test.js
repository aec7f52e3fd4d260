// SPDX-License-Identifier: MIT
// The page at `/` in a real browser: the room, its way back after a loss, the lines for a terminal, and how it looks
// (screenshots go to build/screenshots).

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { GODWIT, startServer } from '../support/server.js';

const SHOTS = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));
const PHONE = { width: 390, height: 844 };
const LAPTOP = { width: 1280, height: 720 };
const DESKTOP = { width: 1440, height: 900 };
const OUTAGE = /net::ERR_|WebSocket connection to .* failed/; // what a browser itself logs while a server is away

let browser;
let undo = [];

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());
afterEach(async () => {
  const steps = undo.reverse();
  undo = [];
  for (const step of steps) await step();
});

// ---- what the tests speak in ----------------------------------------------------------------------

async function serve(args = []) {
  const server = await startServer('serve', args);
  undo.push(server.kill);
  return server;
}

/**
 * A window on the page, its room connected. What the browser logs as a fault fails the test; with `outage`, except that the
 * server cannot be reached. `prepare` gets the page before it is loaded, and then nothing waits for the room.
 */
async function open(url, { name, outage = false, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: LAPTOP, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (entry) => {
    const isExpected = outage && OUTAGE.test(entry.text());
    if (['error', 'warning'].includes(entry.type()) && !isExpected) faults.push(entry.text());
  });
  undo.push(async () => {
    await context.close();
    assert.deepEqual(faults, [], 'the browser logged faults');
  });
  await prepare?.(page);
  await page.goto(url);
  if (!prepare) await state(page, 'Connected');
  if (name) await page.getByLabel('Your name').fill(name);
  return page;
}

const state = (page, words) => page.locator('.state', { hasText: words }).waitFor();
const message = (page, text) => page.locator('.message', { hasText: text }).last();
const texts = (page) => page.locator('.message .text').allTextContents();

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByLabel('Message', { exact: true }).press('Enter');
}

async function post(server, body, { room = 'lobby', type = 'text/plain' } = {}) {
  const answer = await fetch(`${server.url}/channels/${room}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  assert.equal(answer.status, 201, await answer.text());
}

/** All texts of the room once this last one has come. */
async function textsUpTo(page, last) {
  await message(page, last).waitFor();
  return texts(page);
}

/** A wire to the server that can be cut (both ends hear of it), or whose WebSockets can go dead (nobody hears anything). */
async function wireTo(server) {
  const pairs = new Set();
  const wire = net.createServer((near) => {
    const pair = [near, net.connect(server.port, server.host)];
    pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => {
        pairs.delete(pair);
        pair.forEach((each) => each.destroy());
      });
    }
    near.once('data', (head) => (pair.isSocket = /^upgrade: *websocket/im.test(head)));
    near.pipe(pair[1]).pipe(near);
  });
  const listen = (port) => new Promise((resolve) => wire.listen(port, '127.0.0.1', resolve));
  const cut = () => pairs.forEach((pair) => pair.forEach((end) => end.resetAndDestroy()));
  const close = () =>
    new Promise((resolve) => {
      wire.close(resolve);
      cut();
    });
  await listen(0);
  undo.push(close);
  const { port } = wire.address();
  return {
    url: `http://127.0.0.1:${port}`,
    cut,
    close,
    listen: () => listen(port),
    deaden: () => pairs.forEach((pair) => pair.isSocket && pair.forEach((end) => end.unpipe().pause())),
  };
}

// ---- the room -------------------------------------------------------------------------------------

test('the page loads under its own policy and shows a quiet room', async () => {
  const server = await serve();
  const policy = (await fetch(server.url)).headers.get('content-security-policy');
  assert.match(policy, /default-src '(none|self)'/);
  assert.doesNotMatch(policy, /unsafe/);
  const page = await open(server.url);
  assert.match(await page.title(), /Godwit/);
  await page.getByText('It is quiet here.').waitFor();
  assert.equal(await page.locator('#room-name').textContent(), 'lobby');
  await page.screenshot({ path: path.join(SHOTS, 'laptop-light-quiet.png') });
});

test('two windows talk, over WebSocket', async () => {
  const server = await serve();
  const ana = await open(server.url, { name: 'Ana' });
  const frames = [];
  const bo = await open(server.url, {
    name: 'Bo',
    prepare: (page) => page.on('websocket', (ws) => ws.on('framereceived', ({ payload }) => frames.push(payload))),
  });
  await state(bo, 'Connected');
  await say(ana, 'hello Bo');
  await message(bo, 'hello Bo').waitFor();
  await say(bo, 'hello Ana');
  assert.deepEqual(await textsUpTo(bo, 'hello Ana'), ['hello Bo', 'hello Ana']);
  assert.deepEqual(await textsUpTo(ana, 'hello Ana'), ['hello Bo', 'hello Ana']);
  assert.deepEqual(frames, ['Ana: hello Bo', 'Bo: hello Ana']);
  assert.deepEqual(await ana.locator('.message .name').allTextContents(), ['Ana', 'Bo']);
  assert.deepEqual(await ana.locator('.message.mine .text').allTextContents(), ['hello Bo']);
  assert.equal(await ana.locator('.outgoing').count(), 0);
});

test('who comes later reads what was said, once', async () => {
  const server = await serve();
  for (const n of [1, 2, 3]) await post(server, `line ${n}`);
  const page = await open(server.url);
  await post(server, 'line 4');
  const expected = ['line 1', 'line 2', 'line 3', 'line 4'];
  assert.deepEqual(await textsUpTo(page, 'line 4'), expected);
  await page.reload();
  assert.deepEqual(await textsUpTo(page, 'line 4'), expected);
});

test('text from elsewhere has a name where it says one', async () => {
  const server = await serve();
  const page = await open(server.url);
  const lines = ['just a line', 'see http://example.org: it is a link', '{"a": 1}', 'two\nlines'];
  for (const line of lines) await post(server, line);
  await post(server, 'Zoë Müller: with a name');
  await post(server, Buffer.from([0, 255, 16]), { type: 'application/octet-stream' });
  const shown = await textsUpTo(page, '3 bytes: 00 ff 10');
  assert.deepEqual(shown, [...lines, 'with a name', '3 bytes: 00 ff 10']);
  assert.deepEqual(await page.locator('.message:not(.from-terminal) .name').allTextContents(), ['Zoë Müller']);
  assert.equal(await page.locator('.message .name').first().textContent(), 'someone in a terminal');
});

test('markup is text, in names too', async () => {
  const server = await serve();
  const markup = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>';
  const page = await open(server.url, { name: '<b>Eve</b>:' });
  await say(page, markup);
  await message(page, markup).waitFor();
  await post(server, `${markup} from outside`);
  assert.deepEqual(await textsUpTo(page, 'from outside'), [markup, `${markup} from outside`]);
  assert.equal(await page.locator('#messages b, #messages img').count(), 0);
  assert.equal(await page.locator('.message .name').first().textContent(), 'bEveb');
  assert.match(await page.title(), /Godwit/);
});

test('a room of its own by the address', async () => {
  const server = await serve();
  const page = await open(`${server.url}/?room=${encodeURIComponent("tide pool's/ü")}`);
  assert.equal(await page.locator('#room-name').textContent(), "tide pool's/ü");
  await post(server, 'elsewhere');
  await post(server, 'here', { room: 'tide%20pool%27s/%C3%BC' });
  assert.deepEqual(await textsUpTo(page, 'here'), ['here']);
});

test('a keyboard is enough', async () => {
  const server = await serve();
  const page = await open(server.url, { name: 'Ana' });
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'message');
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  assert.deepEqual(await textsUpTo(page, 'one'), ['one\ntwo']);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'message');
});

// ---- the terminal lines ---------------------------------------------------------------------------

/** Runs a line as a person would, with the program under test in the PATH. */
function run(line, input = '') {
  const env = { ...process.env, PATH: `${path.dirname(GODWIT)}:${process.env.PATH}` };
  return new Promise((resolve, reject) => {
    const child = execFile('sh', ['-c', line], { env, timeout: 10_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${line}: ${error.message} ${stderr}`)) : resolve(stdout));
    child.stdin.end(input);
  });
}

test('the lines copy with one click and reach the room', async () => {
  const server = await serve();
  const page = await open(server.url, { permissions: ['clipboard-read', 'clipboard-write'] });
  const copied = async (line) => {
    const button = page.locator(`[data-copy="${line}"]`);
    await button.click();
    await button.filter({ hasText: 'Copied' }).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const [sayLine, readLine, talkLine] = [await copied('line-say'), await copied('line-read'), await copied('line-talk')];
  const at = `${server.host}:${server.port}/channels/lobby`;
  assert.equal(sayLine, `curl -d 'hello' http://${at}`);
  assert.equal(readLine, `curl http://${at}`);
  assert.equal(talkLine, `godwit connect ws://${at}`);

  await run(sayLine);
  await run(talkLine, 'from the console\n');
  assert.deepEqual(await textsUpTo(page, 'from the console'), ['hello', 'from the console']);
  const { publications } = JSON.parse(await run(readLine));
  assert.deepEqual(publications.map(({ text }) => text), ['hello', 'from the console']);
});

// ---- losses ---------------------------------------------------------------------------------------

test('the server is killed and comes back: the room says so and goes on', async () => {
  const first = await serve();
  const ana = await open(first.url, { name: 'Ana', outage: true });
  const bo = await open(first.url, { name: 'Bo', outage: true });
  await say(ana, 'before');
  await message(bo, 'before').waitFor();

  await first.kill();
  await state(ana, /Disconnected\s*, trying (again in \d+ s|now)/);
  await state(bo, 'Disconnected');
  await say(ana, 'meanwhile');
  await ana.locator('.outgoing', { hasText: 'waits for the connection' }).waitFor();
  await ana.screenshot({ path: path.join(SHOTS, 'laptop-light-disconnected.png') });

  await serve(['--listen', `${first.host}:${first.port}`]);
  await Promise.all([state(ana, 'Connected'), state(bo, 'Connected')]);
  await message(bo, 'meanwhile').waitFor();
  await say(bo, 'after');
  for (const page of [ana, bo]) {
    assert.deepEqual(await textsUpTo(page, 'after'), ['before', 'meanwhile', 'after']);
    assert.match(await page.locator('.notice').textContent(), /has forgotten/);
    assert.equal(await page.locator('.outgoing').count(), 0);
  }
});

test('the network is cut: nothing is lost and nothing comes twice', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { name: 'Ana', outage: true });
  const expected = [];
  const line = async (text) => {
    expected.push(text);
    await post(server, text);
  };
  await line('first');
  for (let round = 0; round < 3; round++) {
    await line(`${round} heard`);
    await message(page, `${round} heard`).waitFor();
    await wire.close();
    await state(page, 'Disconnected');
    for (let n = 0; n < 5; n++) await line(`${round} missed ${n}`);
    await wire.listen();
    await page.locator('#retry').evaluate((button) => button.click()); // it may be trying by itself at this moment
    await state(page, 'Connected');
  }
  await line('last');
  assert.deepEqual(await textsUpTo(page, 'last'), expected);
  assert.equal(await page.locator('.notice').count(), 0);
});

test('a message that the network swallowed is sent again, once', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { name: 'Ana', outage: true });
  wire.deaden();
  await say(page, 'swallowed');
  await page.locator('.outgoing.sent').waitFor();
  wire.cut();
  await message(page, 'swallowed').waitFor();
  await say(page, 'last');
  assert.deepEqual(await textsUpTo(page, 'last'), ['swallowed', 'last']);
});

test('nothing falls between the poll and the WebSocket', async () => {
  const server = await serve();
  const page = await open(server.url, {
    prepare: (target) =>
      target.routeWebSocket(/\/channels\/lobby/, async (ws) => {
        await post(server, 'in between');
        ws.connectToServer();
      }),
  });
  await state(page, 'Connected');
  await post(server, 'last');
  assert.deepEqual(await textsUpTo(page, 'last'), ['in between', 'last']);
});

test('more came by than the history keeps: the room says how much is missing', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { outage: true });
  const flood = async (from, to) => {
    for (let n = from; n <= to; n++) await post(server, `n${n}.`);
  };
  await flood(1, 130); // more than the history keeps, but heard: nothing is missing
  await message(page, 'n130.').waitFor();
  wire.cut();
  await state(page, 'Disconnected');
  await state(page, 'Connected');
  assert.equal(await page.locator('.notice').count(), 0);

  await wire.close();
  await state(page, 'Disconnected');
  await flood(131, 237); // 107, of which the history keeps 100
  await wire.listen();
  await page.locator('#retry').evaluate((button) => button.click()); // it may be trying by itself at this moment
  const shown = await textsUpTo(page, 'n237.');
  assert.equal(new Set(shown).size, shown.length);
  assert.equal(shown.length, 230);
  assert.match(await page.locator('.notice').textContent(), /^7 messages came by/);
});

test('a connection that fell silent is replaced, and nothing is sent twice unasked', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { name: 'Ana', outage: true });
  wire.deaden();
  await say(page, 'into the void');
  await page.locator('.outgoing.sent').waitFor();
  await post(server, 'did you hear?');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await message(page, 'did you hear?').waitFor();
  await state(page, 'Connected');
  await page.locator('.outgoing', { hasText: 'not confirmed' }).waitFor();
  await page.getByRole('button', { name: 'Send again' }).click();
  assert.deepEqual(await textsUpTo(page, 'into the void'), ['did you hear?', 'into the void']);
  assert.equal(await page.locator('.outgoing').count(), 0);
});

test('close codes are obeyed', async () => {
  const server = await serve();
  const codes = [4504, 1012, 4403];
  let opened = 0;
  const page = await open(server.url, {
    prepare: (target) =>
      target.routeWebSocket(/\/channels\/lobby/, (ws) => {
        const code = codes[opened++];
        if (code) ws.close({ code, reason: 'by the test' });
        else ws.connectToServer();
      }),
  });
  await state(page, 'Closed');
  assert.equal(opened, 3);
  assert.match(await page.locator('.notice').textContent(), /4403 \(by the test\)/);
  await page.locator('#retry').evaluate((button) => button.click()); // it may be trying by itself at this moment
  await state(page, 'Connected');
});

test('a message too long for this server is given back, and the room goes on', async () => {
  const server = await serve(['--max-message', '1000']);
  const page = await open(server.url, { name: 'Ana' });
  await say(page, 'x'.repeat(2000));
  await page.locator('.outgoing', { hasText: 'longer than this server takes' }).waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await say(page, 'short');
  assert.deepEqual(await textsUpTo(page, 'short'), ['short']);
});

// ---- how it looks ---------------------------------------------------------------------------------

/** The texts whose colours stand closer than WCAG AA allows. Runs in the page. */
function faintTexts() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .filter((node) => node.checkVisibility() && node.tagName !== 'TEXTAREA')
    .map((node) => {
      const [one, other] = [rgba(getComputedStyle(node).color), ground(node)].map(luminance);
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      return { text: node.textContent.trim().slice(0, 30), ratio: Math.round(ratio * 100) / 100 };
    })
    .filter(({ ratio }) => ratio < 4.5);
}

for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`it fits and can be read: ${device}, ${colorScheme}`, async () => {
      const server = await serve();
      const page = await open(server.url, { viewport, colorScheme, name: 'Ana', deviceScaleFactor: 2 });
      await post(server, 'x'.repeat(300));
      for (const name of ['Bo', 'Cy', 'Dee', 'Eli', 'Flo', 'Gus', 'Hal', 'Ida'])
        await post(server, `${name}: Does this reach your window?`);
      await message(page, 'Does this').waitFor();
      await say(page, 'It does, before I had let go of the key.');
      await message(page, 'It does').waitFor();
      await post(server, 'hello from a terminal');
      await message(page, 'hello from a terminal').waitFor();
      assert.deepEqual(await page.evaluate(faintTexts), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
      await page.screenshot({ path: path.join(SHOTS, `${device}-${colorScheme}.png`), fullPage: true });
    });
  }
}

test('on a laptop it is one screen, however much is said, and the end stays in sight', async () => {
  const server = await serve();
  const page = await open(server.url);
  for (let n = 0; n < 60; n++) await post(server, `line ${n}.`);
  await message(page, 'line 59.').waitFor();
  for (const font of ['', '"DejaVu Sans"', '"Liberation Sans"', 'serif']) {
    await page.evaluate((name) => document.documentElement.style.setProperty('--sans', name), font);
    assert.ok((await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)) <= 0, font);
  }

  const isAtEnd = () => {
    const log = document.getElementById('log');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  };
  await page.getByLabel('Message', { exact: true }).fill('a\n'.repeat(5)); // the composer grows, the log shrinks
  await page.waitForFunction(isAtEnd);
  await page.locator('#log').evaluate((log) => log.scrollTo(0, 0));
  await page.getByText('line 0.').waitFor();
  await post(server, 'one more');
  await page.getByRole('button', { name: 'New messages' }).click();
  await page.waitForFunction(isAtEnd);
});
