// SPDX-License-Identifier: MIT
// The chat in real windows: rooms and conversations, people who come and go, reloads, losses of every kind, garbage in the
// channel, two tabs of one person, a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, accessible, browserTests, connection, fits, shot } from '../support/browser.js';
import { crash } from '../support/chromium.js';
import { startServer } from '../support/server.js';
import { eventually } from '../support/talk.js';

const { serve, wireTo, open, undo } = browserTests();

// ---- what the tests speak in ----------------------------------------------------------------------

/** A window on the chat as `name`, connected, what was said before in it. */
async function enter(server, name, { query = '', ...options } = {}) {
  const page = await open(`${server.url}/chat/${query}`, { name, ...options });
  await settled(page);
  return page;
}

async function settled(page) {
  await connection(page, 'Connected');
  await page.locator('#log[data-loaded=yes]').waitFor({ state: 'attached' });
}

const composer = (page) => page.locator('#message');
async function say(page, text) {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** A message that has its place. */
const message = (page, text) => page.locator('.message:not(.pending)', { has: page.locator('.text', { hasText: text }) }).last();
const texts = (page) => page.locator('.message .text').allTextContents();
const heard = (page, text) => message(page, text).waitFor();
const person = (page, name) => page.locator('#people a', { hasText: name });
const room = (page, name) => page.locator('#rooms a', { hasText: name });
const talk = (page, name) => page.locator('#talks a', { hasText: name });
const place = (page, name) => page.locator('h1', { hasText: name }).waitFor();
const line = (page, text) => page.locator('.people-line', { hasText: text }).waitFor();
const unread = (link, n) => link.locator('.unread', { hasText: `${n} unread` }).waitFor();

async function post(server, path, body, headers = {}) {
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body });
  assert.equal(answer.status, 201, await answer.text());
}
const read = async (server, path) => (await (await fetch(`${server.url}${path}`)).json()).publications;

// ---- talking ---------------------------------------------------------------------------------------

test('two people talk in a room, it is there after a reload, and readable from a terminal', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  await ann.getByText('It is quiet here.').waitFor();
  await shot(ann, 'chat-empty');
  const ben = await enter(server, 'Ben');
  await say(ann, 'hello');
  await heard(ben, 'hello');
  await say(ben, 'hello Ann\nsee https://example.org/a_(b)?c=1. <b>bold</b> 🐦');
  await heard(ann, 'hello Ann');
  await say(ann, '🐦');
  await heard(ben, '🐦');
  await fetch(`${server.url}/channels/chat:lobby`, { method: 'POST', body: 'hello from curl' });
  await heard(ann, 'hello from curl');

  const link = message(ann, 'hello Ann').locator('.text a');
  assert.equal(await link.getAttribute('href'), 'https://example.org/a_(b)?c=1');
  assert.match(await link.getAttribute('rel'), /noopener/);
  assert.equal(await ann.locator('.text b').count(), 0);
  assert.equal(await message(ann, 'hello from curl').locator('.name').textContent(), 'someone in a terminal');
  assert.equal(await message(ann, 'hello Ann').locator('.name').textContent(), 'Ben');

  const before = await texts(ann);
  await ann.reload();
  await settled(ann);
  await heard(ann, 'hello from curl');
  assert.deepEqual(await texts(ann), before);
  assert.deepEqual((await read(server, '/channels/chat:lobby')).map(({ from, event, text }) => [from, event, text]), [
    ['Ann', 'say', 'hello'],
    ['Ben', 'say', 'hello Ann\nsee https://example.org/a_(b)?c=1. <b>bold</b> 🐦'],
    ['Ann', 'say', '🐦'],
    [undefined, undefined, 'hello from curl'],
  ]);
  await accessible(ann);
  await shot(ann, 'chat-room');
});

test('who comes and goes is told, also of a window that is closed and of one that is killed', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const ben = await enter(server, 'Ben');
  const cleo = await enter(server, 'Cleo');
  for (const name of ['Ben', 'Cleo']) await person(ann, name).waitFor();
  await line(ann, 'Ben and Cleo joined');
  await ben.getByText('3 people here').waitFor();
  await accessible(ann);

  await ben.close();
  await crash(cleo);
  for (const name of ['Ben', 'Cleo']) await person(ann, name).waitFor({ state: 'detached' });
  await line(ann, 'left');
  await ann.getByText('1 person here').waitFor();
});

test('two write to one another alone, both have both sides after a reload, and who is away gets it later', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const ben = await enter(server, 'Ben');
  await person(ann, 'Ben').click();
  await place(ann, 'Ben');
  await ann.getByText('Is in lobby now.').waitFor();
  await say(ann, 'for you alone');
  await heard(ann, 'for you alone');
  await unread(talk(ben, 'Ann'), 1);
  assert.match(await ben.title(), /^\(1\) /);
  assert.deepEqual(await texts(ben), []);
  await talk(ben, 'Ann').click();
  await heard(ben, 'for you alone');
  assert.match(ben.url(), /\?with=Ann$/);
  await say(ben, 'and back');
  await heard(ann, 'and back');
  await accessible(ben);
  await shot(ben, 'chat-talk');
  for (const page of [ann, ben]) {
    await page.reload();
    await settled(page);
    await heard(page, 'and back');
    assert.deepEqual(await texts(page), ['for you alone', 'and back']);
    assert.equal(await page.locator('#talks .unread:not(:empty)').count(), 0);
  }

  await ben.close();
  await say(ann, 'while you were away');
  await heard(ann, 'while you were away');
  const again = await enter(server, 'Ben');
  await talk(again, 'Ann').click();
  await heard(again, 'while you were away');
  assert.deepEqual(await texts(again), ['for you alone', 'and back', 'while you were away']);
  assert.deepEqual((await read(server, '/channels/inbox:Ann')).map(({ event, from }) => [event, from]), [['to:Ben', 'Ann'], ['say', 'Ben'], ['to:Ben', 'Ann']]);
});

test('rooms: entered by name and by address, unread counts, the way back, and kept for the next time', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  await ann.getByLabel('Another room').fill(' #bird watch ');
  await ann.getByRole('button', { name: 'Enter' }).click();
  await place(ann, 'bird watch');
  assert.match(ann.url(), /\?room=bird%20watch$/);
  const ben = await enter(server, 'Ben', { query: '?room=bird%20watch' });
  await say(ben, 'a godwit');
  await heard(ann, 'a godwit');
  await room(ann, 'lobby').click();
  await place(ann, 'lobby');
  await say(ben, 'and a knot');
  await say(ben, 'and a ruff');
  await unread(room(ann, 'bird watch'), 2);
  assert.deepEqual(await texts(ann), []);

  await ann.reload(); // what was not seen is still unread
  await settled(ann);
  await unread(room(ann, 'bird watch'), 2);
  await shot(ann, 'chat-unread');
  await room(ann, 'bird watch').click();
  await heard(ann, 'and a ruff');
  await ann.locator('.new-line').waitFor();
  await room(ann, 'bird watch').locator('.unread').filter({ hasNotText: /./ }).waitFor({ state: 'attached' });
  await ann.goBack();
  await place(ann, 'lobby');
  await ann.goForward();
  await place(ann, 'bird watch');

  await ann.getByRole('button', { name: 'Leave' }).click();
  await place(ann, 'lobby');
  assert.equal(await room(ann, 'bird watch').count(), 0);
});

test('one is in twenty rooms: another one, and the page says which was left', async () => {
  const server = await serve();
  const rooms = Array.from({ length: 20 }, (_, i) => `room ${i}`);
  const ann = await enter(server, 'Ann', {
    query: '?room=another',
    prepare: (page) => page.addInitScript((value) => localStorage.getItem('godwit.chat') ?? localStorage.setItem('godwit.chat', value), JSON.stringify({ rooms })),
  });
  await ann.getByText('You have left room 0').waitFor();
  assert.deepEqual(await ann.locator('#rooms .place:not(.away) .title').allTextContents(), ['another', ...rooms.slice(1)].sort());
  await post(server, '/channels/chat:room 19?user=Ben', 'here too');
  await unread(room(ann, 'room 19'), 1);
});

test('a draft stays with its room, and over a reload', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  await composer(ann).fill('half a sen');
  await room(ann, 'help').click();
  await place(ann, 'help');
  assert.equal(await composer(ann).inputValue(), '');
  await room(ann, 'lobby').click();
  assert.equal(await composer(ann).inputValue(), 'half a sen');
  await ann.reload();
  await settled(ann);
  assert.equal(await composer(ann).inputValue(), 'half a sen');
});

test('who is writing is shown, and not kept', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const ben = await enter(server, 'Ben');
  await composer(ann).pressSequentially('hel');
  await ben.getByText('Ann is writing…').waitFor();
  await shot(ben, 'chat-writing');
  await composer(ann).press('Enter');
  await heard(ben, 'hel');
  await ben.waitForFunction(() => document.getElementById('writing').textContent === '');
  await person(ann, 'Ben').click();
  await place(ann, 'Ben');
  await person(ben, 'Ann').click();
  await composer(ben).pressSequentially('between us');
  await ann.getByText('Ben is writing…').waitFor();
  assert.equal((await read(server, '/channels/chat:lobby')).length, 1);
});

test('a name can be changed: the people see it, what is said comes from it', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const ben = await enter(server, 'Ben');
  await say(ann, 'one');
  await ann.getByLabel('Your name').fill('Anna');
  await ann.getByLabel('Your name').press('Enter');
  await person(ben, 'Anna').waitFor();
  await settled(ann);
  await say(ann, 'two');
  await heard(ben, 'two');
  assert.equal(await message(ben, 'two').locator('.name').textContent(), 'Anna');
  assert.deepEqual(await texts(ann), ['one', 'two']);
});

test('offline and back: what both wrote meanwhile comes once, in order, in the room and between the two', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const ann = await enter({ url: wire.url }, 'Ann', { outage: true });
  const ben = await enter(server, 'Ben');
  await say(ann, 'zero');
  await heard(ben, 'zero');
  await person(ben, 'Ann').click();
  await say(ben, 'hello');
  await unread(talk(ann, 'Ben'), 1);
  await room(ben, 'lobby').click();
  await ann.context().setOffline(true);
  wire.isDown = true;
  wire.cut();
  await connection(ann, /Offline|Disconnected/);
  for (const text of ['one', 'two', 'three']) await say(ann, text);
  await ann.locator('.pending', { hasText: 'waits for the connection' }).nth(2).waitFor();
  await accessible(ann);
  await shot(ann, 'chat-offline');
  for (const text of ['uno', 'due']) await say(ben, text);
  await heard(ben, 'due');
  await talk(ben, 'Ann').click(); // presence may have let go of her meanwhile
  await say(ben, 'are you there?');
  await heard(ben, 'are you there?');
  await talk(ann, 'Ben').click();
  await say(ann, 'I am offline');
  wire.isDown = false;
  await ann.context().setOffline(false);
  for (const page of [ann, ben]) {
    await heard(page, 'I am offline');
    assert.deepEqual(await texts(page), ['hello', 'are you there?', 'I am offline']);
    await room(page, 'lobby').click();
    await heard(page, 'three');
  }
  const all = ['zero', 'uno', 'due', 'one', 'two', 'three'];
  for (const page of [ann, ben]) assert.deepEqual(await texts(page), all);
  assert.equal(await ann.locator('.pending').count(), 0);
});

test('the server is killed and started again: what waits goes out once, and the page says what is forgotten', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann', { outage: true });
  const ben = await enter(server, 'Ben', { outage: true });
  await say(ann, 'before');
  await heard(ben, 'before');
  await post(server, '/users/Ann?user=Ben', 'between us, before');
  await unread(talk(ann, 'Ben'), 1);
  await server.kill();
  for (const page of [ann, ben]) await connection(page, 'Disconnected');
  await say(ann, 'while it was away');
  await ann.getByText('waits for the connection').waitFor();
  await ann.getByText('What you do now goes out when it is back').waitFor();
  await shot(ann, 'chat-disconnected');
  const again = await startServer('serve', ['--listen', `127.0.0.1:${server.port}`]);
  undo(again.kill);
  for (const page of [ann, ben]) {
    await connection(page, 'Connected');
    await heard(page, 'while it was away');
    assert.deepEqual(await texts(page), ['before', 'while it was away']);
  }
  await ann.getByText('The server has begun anew').waitFor();
  await person(ann, 'Ben').click();
  await ann.getByText('The server has begun anew').waitFor();
  await person(ben, 'Ann').click();
  await say(ben, 'between us, after');
  await heard(ann, 'between us, after');
  assert.deepEqual(await texts(ann), ['between us, before', 'between us, after']);
  assert.deepEqual((await read(again, '/channels/chat:lobby')).map(({ text }) => text), ['while it was away']);
});

for (const [transport, rules] of [['SSE', { websocket: 'refuse' }], ['long polling', { websocket: 'refuse', sse: 'end' }]])
  test(`blocked WebSockets: rooms, people and messages between two over ${transport}`, async () => {
    const server = await serve();
    const wire = await wireTo(server);
    wire.rules = rules;
    const ann = await enter({ url: wire.url }, 'Ann', { outage: true });
    await ann.locator('#state-how', { hasText: transport }).waitFor();
    const ben = await enter(server, 'Ben');
    await say(ann, 'through');
    await heard(ben, 'through');
    await say(ben, 'and back');
    await heard(ann, 'and back');
    await person(ben, 'Ann').click();
    await say(ben, 'for you');
    await talk(ann, 'Ben').click();
    await heard(ann, 'for you');
    await say(ann, 'for you too');
    await heard(ben, 'for you too');
    await heard(ann, 'for you too');
    assert.deepEqual(await texts(ann), ['for you', 'for you too']);
  });

test('markup, bytes, JSON and long texts from other programs are shown as what they are, and cannot leave the log', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const at = '/channels/chat:lobby';
  await post(server, at, '<img src=x onerror=alert(1)><script>alert(2)</script>');
  await post(server, at, Buffer.from([0, 255, 16]), { 'content-type': 'application/octet-stream' });
  await post(server, `${at}?event=deploy&user=ci`, '{"ok": [1, 2]}', { 'content-type': 'application/json' });
  await post(server, at, 'long '.repeat(12_000));
  await post(server, at, 'line\n'.repeat(3000));
  await post(server, at, '');
  await post(server, `${at}?user=${encodeURIComponent('<b>x</b>'.repeat(14))}`, '\u202Ejavascript:alert(3) \u0000\u0007');
  for (const odd of ['\u202eleahciM', '\u{1f469}\u200d\u{1f680} Mae', ' ', 'A\u200bnn']) await post(server, `${at}?user=${encodeURIComponent(odd)}`, 'who?');
  await post(server, `${at}?event=typing`, 'x'.repeat(1000));
  await post(server, '/users/Ann', '<i>nobody</i>');
  await post(server, `/users/Ann?user=Ann&event=${encodeURIComponent('to:')}`, 'to nobody');
  await post(server, '/users/Ann?event=to:Eve&user=Eve', Buffer.from([1]), { 'content-type': 'image/png' });
  await heard(ann, 'x'.repeat(1000));
  assert.equal(await ann.locator('#log :is(img, script, b, i)').count(), 0);
  await heard(ann, '3 bytes: 00 ff 10');
  assert.deepEqual((await ann.locator('.message .name').allTextContents()).slice(-5, -1), ['\ufffdleahciM', '\u{1f469}\u200d\u{1f680} Mae', '\ufffd', 'A\ufffdnn']);
  await ann.locator('.message', { hasText: 'deploy' }).getByText(/\{"ok": ?\[1, ?2\]\}/).waitFor();
  await ann.getByText('(empty)').waitFor();
  await fits(ann);
  await accessible(ann);
  await shot(ann, 'chat-garbage');
  const all = ann.getByRole('button', { name: 'Show all 60,000 characters' });
  await all.click();
  await heard(ann, 'long '.repeat(12_000).trim());
  await talk(ann, 'Eve').click();
  await heard(ann, '1 byte: 01');
  await talk(ann, 'Someone in a terminal').click();
  await heard(ann, '<i>nobody</i>');
  await heard(ann, 'to nobody');
  assert.equal(await composer(ann).isVisible(), false);
  await accessible(ann);
});

test('two tabs of one person: both hear and show both sides, and what is read in one is read in the other', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const other = await ann.context().newPage();
  await other.goto(`${server.url}/chat/`);
  await settled(other);
  const ben = await enter(server, 'Ben');
  await ben.getByText('2 people here').waitFor();
  await person(ben, 'Ann').click();
  await say(ben, 'to both');
  for (const page of [ann, other]) await unread(talk(page, 'Ben'), 1);
  await talk(ann, 'Ben').click();
  await heard(ann, 'to both');
  await other.waitForFunction(() => !document.querySelector('#talks .unread').textContent);
  await say(ann, 'from one');
  await talk(other, 'Ben').click();
  await heard(other, 'from one');
  await say(other, 'from the other');
  for (const page of [ann, other, ben]) {
    await heard(page, 'from the other');
    assert.deepEqual(await texts(page), ['to both', 'from one', 'from the other']);
  }
});

test('who reads further up is not torn away, and sees how many have come', async () => {
  const server = await serve();
  for (let i = 0; i < 60; i++) await post(server, '/channels/chat:lobby?user=Ben', `line ${i}`);
  const ann = await enter(server, 'Ann');
  await heard(ann, 'line 59');
  await ann.locator('#log').evaluate((log) => log.scrollTo(0, 0));
  await ann.waitForFunction(() => document.getElementById('log').scrollTop === 0);
  await post(server, '/channels/chat:lobby?user=Ben', 'one more');
  const button = ann.getByRole('button', { name: '1 new message' });
  await button.waitFor();
  assert.equal(await ann.locator('#log').evaluate((log) => log.scrollTop), 0);
  await accessible(ann);
  await shot(ann, 'chat-scrolled');
  await button.click();
  await ann.waitForFunction(() => {
    const log = document.getElementById('log');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  });
  await button.waitFor({ state: 'hidden' });
});

test('a reader misses more than is kept: the log says how many', async () => {
  const server = await serve(['--channel', 'chat:*=history:5']);
  const wire = await wireTo(server);
  const ann = await enter({ url: wire.url }, 'Ann', { outage: true });
  await say(ann, 'first');
  await heard(ann, 'first');
  wire.isDown = true;
  wire.cut();
  await connection(ann, 'Disconnected');
  for (let i = 1; i <= 17; i++) await post(server, '/channels/chat:lobby', `missed ${i}`);
  wire.isDown = false;
  await heard(ann, 'missed 17');
  await ann.getByText('12 messages are missing here').waitFor();
  assert.deepEqual(await texts(ann), ['first', ...[13, 14, 15, 16, 17].map((i) => `missed ${i}`)]);
});

test('what was refused is there after a reload, to be sent again or given up', async () => {
  const server = await serve();
  const wire = await wireTo(server);
  const ann = await enter({ url: wire.url }, 'Ann', { outage: true });
  wire.rules.websocket = 'refuse';
  wire.rules.post = 'refuse';
  wire.cut();
  await ann.locator('#state-how', { hasText: 'SSE' }).waitFor();
  await say(ann, 'refused');
  const failed = ann.locator('.failed', { hasText: 'refused' });
  await failed.getByText('not sent').waitFor();
  await accessible(ann);
  await shot(ann, 'chat-failed');
  wire.rules = {};
  await ann.reload();
  await settled(ann);
  await failed.getByText('not sent').waitFor();
  await failed.getByRole('button', { name: 'Send again' }).click();
  await heard(ann, 'refused');
  assert.equal(await ann.locator('.failed').count(), 0);
  assert.deepEqual((await read(server, '/channels/chat:lobby')).map(({ text }) => text), ['refused']);
});

test('a window that nobody sees tells in its title what is unread', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  const hide = (isHidden) => ann.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
  const title = (words) => ann.waitForFunction((start) => document.title.startsWith(start), words);
  await title('lobby');
  await hide(true);
  await post(server, '/channels/chat:lobby?user=Ben', 'one');
  await post(server, '/users/Ann?user=Ben', 'two');
  await title('(2) lobby');
  await hide(false);
  await title('(1) lobby');
});

test('a session that is ended for good: the page says so, and what is said then is not lost', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  assert.equal((await fetch(`${server.url}/users/Ann`, { method: 'DELETE' })).status, 204);
  await connection(ann, 'Closed');
  await say(ann, 'anybody?');
  await ann.locator('.failed', { hasText: 'not sent' }).waitFor();
  await accessible(ann);
  await ann.reload();
  await settled(ann);
  await heard(ann, 'anybody?');
  assert.equal(await ann.locator('.pending').count(), 0);
});

test('dark, small, and at twice its size', async () => {
  const server = await serve();
  for (let i = 0; i < 30; i++) await post(server, `/channels/chat:lobby?user=${i % 4 ? 'Ben' : 'Cleo'}`, `line ${i} of a conversation that goes on for longer than a phone is wide`);
  const ann = await enter(server, 'Ann', { colorScheme: 'dark' });
  await say(ann, 'see https://example.org/');
  await heard(ann, 'see');
  for (const [name, width, height] of [['dark', 1440, 900], ['zoomed', 640, 360], ['narrow', 320, 568]]) {
    await ann.setViewportSize({ width, height });
    await fits(ann);
    await accessible(ann);
    await shot(ann, `chat-${name}`);
  }
});

test('by keyboard alone, lines and input methods included', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  await composer(ann).focus();
  await ann.keyboard.type('one');
  await ann.keyboard.press('Shift+Enter');
  await ann.keyboard.type('two');
  await composer(ann).dispatchEvent('keydown', { key: 'Enter', isComposing: true, cancelable: true });
  assert.equal(await ann.locator('.message').count(), 0);
  await ann.keyboard.press('Enter');
  await heard(ann, 'one\ntwo');
  await room(ann, 'help').focus();
  await ann.keyboard.press('Enter');
  await place(ann, 'help');
  assert.equal(await ann.evaluate(() => document.activeElement.id), 'message');
  await composer(ann).fill('x'.repeat(8001));
  await ann.getByText('too long for one message').waitFor();
  await ann.keyboard.press('Enter');
  assert.equal(await ann.locator('.message').count(), 0);
  assert.equal((await composer(ann).inputValue()).length, 8001);
});

test('a screen reader is told what comes, not what was', async () => {
  const server = await serve();
  await post(server, '/channels/chat:lobby', 'history');
  const ann = await open(`${server.url}/chat/`, {
    name: 'Ann',
    prepare: (page) => page.addInitScript(() => {
      globalThis.spoken = [];
      addEventListener('DOMContentLoaded', () => new MutationObserver((list) => {
        const log = document.getElementById('log');
        for (const { addedNodes } of list) for (const node of addedNodes) if (log.ariaLive === 'polite') globalThis.spoken.push(node.textContent);
      }).observe(document.getElementById('messages'), { childList: true }));
    }),
  });
  await settled(ann);
  await ann.locator('#log[aria-live=polite]').waitFor();
  await post(server, '/channels/chat:lobby', 'news');
  await heard(ann, 'news');
  const spoken = await ann.evaluate(() => globalThis.spoken);
  assert.equal(spoken.length, 1);
  assert.match(spoken[0], /news/);
});

test('where a log is full and the oldest goes, what stays is not moved, nor read out again', async () => {
  const server = await serve();
  const ann = await enter(server, 'Ann');
  for (let i = 0; i < 520; i += 40) await Promise.all(Array.from({ length: 40 }, (_, n) => post(server, '/channels/chat:lobby', `${i + n}`)));
  await post(server, '/channels/chat:lobby', 'the last');
  await heard(ann, 'the last');
  assert.equal(await ann.locator('.message').count(), 500);
  await ann.evaluate(() => {
    globalThis.moved = [];
    new MutationObserver((list) => {
      for (const { addedNodes } of list) globalThis.moved.push(...[...addedNodes].map((node) => node.textContent));
    }).observe(document.getElementById('messages'), { childList: true });
  });
  await post(server, '/channels/chat:lobby', 'news');
  await heard(ann, 'news');
  const moved = await ann.evaluate(() => globalThis.moved);
  assert.equal(moved.length, 1);
  assert.match(moved[0], /news/);
});

test('on a phone: one column, and the lists are drawers', async () => {
  const server = await serve();
  await post(server, '/channels/chat:help?user=Ben', 'anybody here?');
  const ann = await enter(server, 'Ann', { viewport: PHONE, hasTouch: true, isMobile: true });
  const ben = await enter(server, 'Ben');
  await say(ben, 'hello');
  await heard(ann, 'hello');
  await fits(ann);
  await shot(ann, 'chat-phone');
  await accessible(ann);
  assert.equal(await room(ann, 'help').isVisible(), false);
  await ann.getByRole('button', { name: 'Rooms' }).click();
  await room(ann, 'help').waitFor();
  await shot(ann, 'chat-phone-rooms');
  await accessible(ann);
  await room(ann, 'help').click();
  await place(ann, 'help');
  await heard(ann, 'anybody here?');
  assert.equal(await room(ann, 'help').isVisible(), false);
  await ann.getByRole('button', { name: 'Rooms' }).press('Enter');
  await room(ann, 'lobby').press('Enter');
  await ann.getByRole('button', { name: /^People/ }).click();
  await person(ann, 'Ben').waitFor();
  await accessible(ann);
  await ann.getByRole('button', { name: 'Close' }).click();
  await person(ann, 'Ben').waitFor({ state: 'hidden' });
  await ann.getByRole('button', { name: /^People/ }).click();
  await ann.keyboard.press('Escape');
  assert.equal(await person(ann, 'Ben').isVisible(), false);
  await ann.getByRole('button', { name: /^People/ }).click();
  await person(ann, 'Ben').click();
  await place(ann, 'Ben');
  await say(ann, 'for you');
  await heard(ann, 'for you');
  await talk(ben, 'Ann').waitFor();
});
