// SPDX-License-Identifier: MIT
// The entrance in a real browser: the room, its way back after a loss, the lines that reach it from elsewhere, and how it looks
// (screenshots go to build/screenshots).

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { DESKTOP, PHONE, accessible, browserTests, connection, fits, shot } from '../support/browser.js';
import { GODWIT } from '../support/server.js';

const { serve, wireTo, open: openPage } = browserTests();

/** A window on the page; its room is connected, unless the page was prepared. */
async function open(url, options = {}) {
  const page = await openPage(url, options);
  if (!options.prepare) await connection(page, 'Connected');
  return page;
}

const message = (page, text) => page.locator('.message', { hasText: text }).last();
const texts = (page) => page.locator('.message .text').allTextContents();
const outgoing = (page, text) => page.locator('.outgoing', { hasText: text });

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

/** What the channel holds, as curl reads it. */
async function kept(server, room = 'lobby') {
  const { publications } = await (await fetch(`${server.url}/channels/${room}`)).json();
  return publications.map(({ text }) => text);
}

/** All texts of the room once this last one has come. */
async function textsUpTo(page, last) {
  await message(page, last).waitFor();
  return texts(page);
}

/** For this page the time that an answer may take is over. */
const late = (page) => page.clock.fastForward(6_500);
const withClock = { prepare: (page) => page.clock.install() };

/** Looks for a way back now; the page may be trying by itself at this moment. */
const retry = (page) => page.locator('#retry').evaluate((button) => button.click());

// ---- the room -------------------------------------------------------------------------------------

test('a quiet room says what to do', async () => {
  const server = await serve();
  const page = await open(server.url);
  await page.getByText('It is quiet here.').waitFor();
  assert.equal(await page.locator('#room-name').textContent(), 'lobby');
  await shot(page, 'home-quiet');
  await accessible(page);
  await post(server, 'a word');
  await message(page, 'a word').waitFor();
  assert.equal(await page.getByText('It is quiet here.').isVisible(), false);
});

for (const [transport, rules] of Object.entries({ WebSocket: {}, SSE: { websocket: 'refuse' } })) {
  test(`two windows talk, over ${transport}`, async () => {
    const server = await serve();
    const wire = await wireTo(server);
    wire.rules = rules;
    const ana = await open(wire.url, { name: 'Ana', outage: true });
    const bo = await open(wire.url, { name: 'Bo', outage: true });
    await say(ana, 'hello Bo');
    await message(bo, 'hello Bo').waitFor();
    await say(bo, 'hello Ana');
    assert.deepEqual(await textsUpTo(bo, 'hello Ana'), ['hello Bo', 'hello Ana']);
    assert.deepEqual(await textsUpTo(ana, 'hello Ana'), ['hello Bo', 'hello Ana']);
    assert.deepEqual(await kept(server), ['Ana: hello Bo', 'Bo: hello Ana']);
    assert.deepEqual(await ana.locator('.message .name').allTextContents(), ['Ana', 'Bo']);
    await outgoing(ana, 'hello').waitFor({ state: 'detached' });
    assert.deepEqual(await ana.locator('.message.mine .text').allTextContents(), ['hello Bo']);
    assert.equal(await ana.locator('#state-how').textContent(), transport);
  });
}

test('lines of one speaker stand under one name; another of the same name is another', async () => {
  const server = await serve();
  const ana = await open(server.url, { name: 'Ana' });
  await say(ana, 'one.');
  await say(ana, 'two.');
  await message(ana, 'two.').waitFor();
  await outgoing(ana, '.').waitFor({ state: 'detached' });
  await post(server, 'Ana: three.');
  await post(server, 'Ana: four.');
  await message(ana, 'four.').waitFor();
  const same = await ana.locator('.message').evaluateAll((list) => list.map((entry) => entry.classList.contains('same')));
  assert.deepEqual(same, [false, true, false, true]);
  await ana.getByLabel('Your name').fill('Ana Lima');
  await say(ana, 'five.');
  await message(ana, 'five.').waitFor();
  assert.equal(await ana.locator('.message .name').last().textContent(), 'Ana Lima');
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
  const page = await open(server.url);
  await page.getByLabel('Your name').fill('<b>Eve</b>:');
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
  const at = () => page.evaluate(() => document.activeElement.id);
  await page.keyboard.press('Tab'); // skip
  await page.keyboard.press('Enter');
  const passed = [];
  while (passed.at(-1) !== 'message' && passed.length < 9) {
    await page.keyboard.press('Tab');
    passed.push(await at());
  }
  assert.deepEqual(passed, ['name', 'log', 'message']);
  await page.keyboard.type('one');
  await page.locator('#message').dispatchEvent('keydown', { key: 'Enter', keyCode: 229, cancelable: true }); // Safari's end of an input method's word
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  assert.deepEqual(await textsUpTo(page, 'one'), ['one\ntwo']);
  assert.equal(await at(), 'message');
});

// ---- the lines from elsewhere -----------------------------------------------------------------------

/** Runs a line as a person would, with the program under test in the PATH. */
function run(line, input = '') {
  const env = { ...process.env, PATH: `${path.dirname(GODWIT)}:${process.env.PATH}` };
  return new Promise((resolve, reject) => {
    const child = execFile('sh', ['-c', line], { env, timeout: 30_000 }, (error, stdout, stderr) =>
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
  const pageLine = await copied('line-page');
  const at = `${server.host}:${server.port}/channels/lobby`;
  assert.equal(sayLine, `curl -d 'hello' http://${at}`);
  assert.equal(readLine, `curl http://${at}`);
  assert.equal(talkLine, `godwit connect ws://${at}`);

  await run(sayLine);
  await run(talkLine, 'from the console\n');
  await message(page, 'from the console').waitFor();
  await page.evaluate(`(async () => { ${pageLine} })()`);
  const expected = ['hello', 'from the console', 'hello from a console'];
  assert.deepEqual(await textsUpTo(page, expected[2]), expected);
  const { publications } = JSON.parse(await run(readLine));
  assert.deepEqual(publications.map(({ text }) => text), expected);
});

// ---- losses ---------------------------------------------------------------------------------------

test('the server is killed and comes back: the room says so and goes on', async () => {
  const first = await serve();
  const ana = await open(first.url, { name: 'Ana', outage: true });
  const bo = await open(first.url, { name: 'Bo', outage: true });
  await say(ana, 'before');
  await message(bo, 'before').waitFor();

  await first.kill();
  await connection(ana, 'Disconnected');
  await ana.getByText(/Trying again/).waitFor();
  await connection(bo, 'Disconnected');
  await say(ana, 'meanwhile');
  await outgoing(ana, 'waits for the connection').waitFor();
  await shot(ana, 'home-disconnected');
  await accessible(ana);

  await serve(['--listen', `${first.host}:${first.port}`]);
  await retry(ana);
  await retry(bo);
  await Promise.all([connection(ana, 'Connected'), connection(bo, 'Connected')]);
  await message(bo, 'meanwhile').waitFor();
  await say(bo, 'after');
  for (const page of [ana, bo]) {
    assert.deepEqual(await textsUpTo(page, 'after'), ['before', 'meanwhile', 'after']);
    assert.match(await page.locator('#messages .notice').textContent(), /has forgotten/);
  }
  await outgoing(ana, 'meanwhile').waitFor({ state: 'detached' });
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
    wire.isDown = true;
    wire.cut();
    await connection(page, 'Disconnected');
    for (let n = 0; n < 5; n++) await line(`${round} missed ${n}`);
    wire.isDown = false;
    await retry(page);
    await connection(page, 'Connected');
  }
  await line('last');
  assert.deepEqual(await textsUpTo(page, 'last'), expected);
  assert.equal(await page.locator('#messages .notice').count(), 0);
});

test('what was missed has the time when it was said', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { outage: true });
  wire.isDown = true;
  wire.cut();
  await connection(page, 'Disconnected');
  await post(server, 'missed');
  await page.evaluate(() => { // for this page an hour goes by
    const late = Date.now() + 3_600_000;
    const { Date: Real } = globalThis;
    globalThis.Date = class extends Real { constructor(...given) { super(...(given.length ? given : [late])); } };
  });
  wire.isDown = false;
  await retry(page);
  await message(page, 'missed').waitFor();
  const [{ time }] = (await (await fetch(`${server.url}/channels/lobby`)).json()).publications;
  await page.locator(`.message time[datetime="${time}"]`).waitFor();
});

test('the device is offline and back', async () => {
  const server = await serve();
  const page = await open(server.url, { name: 'Ana', outage: true, ...withClock });
  await connection(page, 'Connected');
  await page.context().setOffline(true);
  await late(page);
  await connection(page, 'Offline');
  await say(page, 'from the plane');
  await outgoing(page, 'waits for the connection').waitFor();
  await page.context().setOffline(false);
  await connection(page, 'Connected');
  assert.deepEqual(await textsUpTo(page, 'from the plane'), ['from the plane']);
});

test('a message that the network swallowed is sent again, once', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { name: 'Ana', outage: true });
  wire.freeze();
  await say(page, 'swallowed');
  await page.locator('.outgoing.sending').waitFor({ state: 'attached' });
  wire.cut();
  await message(page, 'swallowed').waitFor();
  await say(page, 'last');
  assert.deepEqual(await textsUpTo(page, 'last'), ['swallowed', 'last']);
  assert.deepEqual(await kept(server), ['Ana: swallowed', 'Ana: last']);
});

test('a message whose answer was lost is there once', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  wire.rules = { websocket: 'refuse', post: 'once' };
  const page = await open(wire.url, { name: 'Ana', outage: true });
  await say(page, 'heard, but not answered');
  await message(page, 'heard, but not answered').waitFor();
  await outgoing(page, 'heard').waitFor({ state: 'detached' });
  assert.equal(wire.rules.post, undefined);
  await say(page, 'last');
  await message(page, 'last').waitFor();
  assert.deepEqual(await kept(server), ['Ana: heard, but not answered', 'Ana: last']);
});

test('nothing falls between the history and what comes', async () => {
  const server = await serve();
  await post(server, 'before');
  const page = await open(server.url, {
    prepare: async (target) => {
      await target.route(/channels\/lobby/, async (route) => {
        const answer = await route.fetch();
        await post(server, 'in between');
        await route.fulfill({ response: answer });
      }, { times: 1 });
    },
  });
  await connection(page, 'Connected');
  await message(page, 'in between').waitFor();
  await post(server, 'last');
  assert.deepEqual(await textsUpTo(page, 'last'), ['before', 'in between', 'last']);
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
  wire.isDown = true;
  wire.cut();
  await connection(page, 'Disconnected');
  wire.isDown = false;
  await retry(page);
  await connection(page, 'Connected');
  assert.equal(await page.locator('#messages .notice').count(), 0);

  wire.isDown = true;
  wire.cut();
  await connection(page, 'Disconnected');
  await flood(131, 237); // 107, of which the history keeps 100
  wire.isDown = false;
  await retry(page);
  const shown = await textsUpTo(page, 'n237.');
  assert.equal(new Set(shown).size, shown.length);
  assert.equal(shown.length, 230);
  assert.match(await page.locator('#messages .notice').textContent(), /^7 messages came by/);
});

test('a connection that fell silent is replaced, and what was said on it is there once', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const page = await open(wire.url, { name: 'Ana', outage: true, ...withClock });
  await post(server, 'before');
  await message(page, 'before').waitFor(); // so its history has been read
  wire.freeze();
  await say(page, 'into the void');
  await page.locator('.outgoing.sending').waitFor({ state: 'attached' });
  await post(server, 'did you hear?');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await late(page);
  await message(page, 'did you hear?').waitFor();
  await message(page, 'into the void').waitFor();
  assert.deepEqual(await kept(server), ['before', 'did you hear?', 'Ana: into the void']);
});

test('close codes are obeyed; what was refused survives a reload, and is sent when asked for', async () => {
  const server = await serve();
  const codes = [4504, 1012, 4403];
  let opened = 0;
  const page = await open(server.url, {
    name: 'Ana',
    prepare: (target) =>
      target.routeWebSocket(/\/ws/, (ws) => {
        const code = codes[opened++];
        if (!code) ws.connectToServer();
        else {
          ws.onMessage(() => ws.close({ code, reason: 'by the test' }));
          ws.send('welcome session=S version=1 ping=25');
        }
      }),
  });
  await connection(page, 'Closed');
  assert.equal(opened, 3);
  await page.getByText(/ended this connection \(4403/).waitFor();
  await say(page, 'too late');
  await outgoing(page, 'too late').getByText(/not sent/).waitFor();
  await accessible(page);
  await shot(page, 'home-closed');
  await page.reload();
  await connection(page, 'Connected');
  await outgoing(page, 'loaded again').getByRole('button', { name: 'Send again' }).click();
  assert.deepEqual(await textsUpTo(page, 'too late'), ['too late']);
  await outgoing(page, 'too late').waitFor({ state: 'detached' });
  await page.reload();
  await message(page, 'too late').waitFor();
  assert.equal(await page.locator('.outgoing').count(), 0);
});

test('a message too long for this server is given back, and the room goes on', async () => {
  const server = await serve(['--max-message', '1000']);
  const page = await open(server.url, { name: 'Ana', outage: true });
  await say(page, 'x'.repeat(2000));
  await outgoing(page, 'longer than this server takes').waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await say(page, 'short');
  assert.deepEqual(await textsUpTo(page, 'short'), ['short']);
});

test('who may not speak here is told so, and keeps the words', async () => {
  const server = await serve(['--channel', 'hall=publish:users']);
  const page = await open(`${server.url}/?room=hall`, { name: 'Ana' });
  await say(page, 'may I?');
  await outgoing(page, 'may I?').getByText('takes nothing from you (403)').waitFor();
});

test('no more than fifty wait, and what is not taken stays in the field', async () => {
  const server = await serve();
  const page = await open(server.url, { name: 'Ana', outage: true });
  await server.kill();
  await connection(page, 'Disconnected');
  for (let n = 0; n < 50; n++) await say(page, `${n}`);
  await say(page, 'one too many');
  await page.getByText('Too many messages wait already').waitFor();
  assert.equal(await page.locator('.outgoing').count(), 50);
  assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'one too many');
});

// ---- how it looks ---------------------------------------------------------------------------------

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
      await accessible(page);
      await fits(page);
      await shot(page, `home-${device}-${colorScheme}`);
    });
  }
}

test('on a laptop what it is, the pages and the room are one screen, however much is said', async () => {
  const server = await serve();
  const page = await open(server.url);
  for (let n = 0; n < 60; n++) await post(server, `line ${n}.`);
  await message(page, 'line 59.').waitFor();
  for (const font of ['', '"DejaVu Sans"', '"Liberation Sans"', 'serif']) {
    await page.evaluate((name) => document.documentElement.style.setProperty('--sans', name), font);
    const below = await page.evaluate(() => ['h1', '.pages', '.room']
      .map((each) => document.querySelector(each).getBoundingClientRect().bottom - innerHeight));
    assert.ok(Math.max(...below) <= 0, `${font}: ${below}`);
  }

  const isAtEnd = () => {
    const log = document.getElementById('log');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  };
  await page.locator('#log').evaluate((log) => { // as larger letters do, it moves the end away; the visitor has not left it
    log.lastElementChild.style.paddingBottom = '300px';
    log.dispatchEvent(new Event('scroll'));
  });
  await page.waitForFunction(isAtEnd);
  await page.getByLabel('Message', { exact: true }).fill('a\n'.repeat(5)); // the composer grows, the log shrinks
  await page.waitForFunction(isAtEnd);
  await page.locator('#log').evaluate((log) => log.scrollTo(0, 0));
  await page.getByText('line 0.').waitFor();
  await post(server, 'one more');
  await page.getByRole('button', { name: 'New messages' }).click();
  await page.waitForFunction(isAtEnd);
});
