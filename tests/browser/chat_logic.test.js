// SPDX-License-Identifier: MIT
// The chat's logic without a browser: words and addresses, the log's order, what is kept, and the chat itself over a client that
// says what the test wants.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { openChat } from '../../web/chat/chat.js';
import { MAX_ROOMS, dropRoom, keepDraft, keepRead, keepRoom, keepUnsent, keptDrafts, keptRead, keptRooms, keptUnsent } from '../../web/chat/keep.js';
import { arrange, makeLog } from '../../web/chat/log.js';
import { addressOf, cleanRoom, dayText, fateText, gapText, isEmoji, linked, listOf, placeOf, terminalLine } from '../../web/chat/words.js';

describe('words', () => {
  test('an address means a place, and back', () => {
    const at = (query) => placeOf(`http://x.test/chat/${query}`);
    for (const place of ['#lobby', '#bird watch', '#a/b', '@Ann', '@Zoë & Ben?', '@']) assert.equal(at(addressOf(place)), place);
    for (const query of ['', '?room=', '?room=%00', '?room=///', `?with=${'x'.repeat(129)}`, '?with=a%0Ab']) assert.equal(at(query), '#lobby', query);
    assert.equal(at('?with=Ann&room=x'), '@Ann');
    assert.equal(cleanRoom('  # Bird\t\u202e watch/ '), 'Bird watch');
    assert.equal([...cleanRoom('🐦'.repeat(99))].length, 40);
    assert.equal(cleanRoom(`${'x'.repeat(39)}/y`), 'x'.repeat(39));
  });

  test('the line for a terminal needs no quoting', () => {
    assert.equal(terminalLine('http://x.test', '#lobby').join(''), "curl -d 'hello' http://x.test/channels/chat:lobby");
    const [, path] = terminalLine('http://x.test', "@a b'$(id)`;&!*~ü");
    assert.match(path, /^\/users\/[\w%.-]+$/);
    assert.equal(decodeURIComponent(path), "/users/a b'$(id)`;&!*~ü");
  });

  test('http and https addresses are links, and nothing else is', () => {
    const links = (text) => linked(text).filter(({ href }) => href).map(({ text: shown }) => shown);
    assert.deepEqual(links('see http://a.test, or (https://b.test/x_(y)?q=1#z). Or https://c.test/!'), ['http://a.test', 'https://b.test/x_(y)?q=1#z', 'https://c.test/']);
    assert.deepEqual(links('HTTPS://A.test/ü'), ['HTTPS://A.test/ü']);
    for (const text of ['javascript:alert(1)', 'http://', 'https://[', 'file:///etc', 'xhttp://a.test', 'data:text/html,x', '//a.test', 'a.test'])
      assert.deepEqual(links(text), [], text);
    for (const text of ['', 'plain', 'a https://b.test c', 'https://b.test', '<a href="https://b.test">'])
      assert.equal(linked(text).map(({ text: part }) => part).join(''), text);
    assert.equal(linked('https://a.test"onclick=x')[0].href, 'https://a.test/');
    assert.deepEqual(links('https://bank.test@evil.test/ https://:x@evil.test/'), [], 'a name before the host is not the host');
    assert.deepEqual(links('https://a.test/\u202egpj.exe \u2066https://b.test\u2069'), ['https://a.test/', 'https://b.test'], 'nothing turns the text of a link round');
    assert.ok(linked('http://a.test/'.repeat(5000)).length > 0);
  });

  test('brackets without end cost no more than their length', () => {
    const began = performance.now();
    const address = (text) => linked(text)[0].text;
    assert.equal(address(`http://a.test/${')'.repeat(60_000)}`), 'http://a.test/');
    assert.equal(address(`http://a.test/${'('.repeat(20_000)}${')'.repeat(30_000)}.,]`).length, 14 + 40_000);
    assert.ok(performance.now() - began < 1000, 'it took a second');
    assert.equal(address('http://a.test/[x]{y}(z))]}.'), 'http://a.test/[x]{y}(z)');
  });

  test('emoji alone are told from text', () => {
    for (const text of ['🐦', '👩‍🚀 🇰🇷', '❤️', '👍🏽👍']) assert.ok(isEmoji(text), text);
    for (const text of ['', ' ', '1', '#', 'a 🐦', '\u200d', '🐦'.repeat(50)]) assert.ok(!isEmoji(text), text);
  });

  test('people, gaps, days and failures in words', () => {
    assert.deepEqual([[], ['A'], ['A', 'B'], ['A', 'B', 'C'], ['A', 'B', 'C', 'D']].map((names) => listOf(names)), ['', 'A', 'A and B', 'A, B and C', 'A, B and 2 others']);
    assert.match(gapText(12), /^12 messages are missing/);
    assert.match(gapText(1), /^1 message is missing/);
    assert.match(gapText(), /begun anew/);
    const now = new Date(2026, 10, 21, 12).getTime(), day = 86_400_000;
    assert.deepEqual([0, 1, 2, 400].map((n) => dayText(now - n * day, now, 'en')), ['Today', 'Yesterday', 'Thursday, November 19', 'Friday, October 17, 2025']);
    assert.deepEqual([fateText({}, true), fateText({}, false)], ['sending', 'waits for the connection']);
    assert.equal(fateText({ problem: { code: 403, reason: 'no' } }, true), 'not sent: no (403)');
    assert.match(fateText({ problem: { code: 413, reason: 'x' } }, true), /longer/);
  });
});

describe('the log', () => {
  const said = (log) => log.entries().map(({ data, text, kind }) => data ?? text ?? kind);
  const message = (n, more) => ({ cursor: `e:${n}`, from: 'Ben', event: 'say', data: `${n}`, ...more });

  test('each message is there once, at the place of its cursor, however it comes', () => {
    const log = makeLog({ user: 'Ann' });
    for (const n of [1, 2, 5, 3, 5, 4, 1]) log.add(message(n));
    assert.deepEqual(said(log), ['1', '2', '3', '4', '5']);
    log.add(message(1, { cursor: 'f:1', data: 'anew' }));
    assert.deepEqual(said(log), ['1', '2', '3', '4', '5', 'anew']);
  });

  test('what was sent takes its place when the answer names it, before or after it is heard', () => {
    const log = makeLog({ user: 'Ann' });
    const first = log.pend('first'), second = log.pend('second');
    log.add(message(1));
    assert.deepEqual(said(log), ['1', 'first', 'second']);
    log.settle(first, 'e:3');
    log.add(message(2));
    log.add(message(3, { from: 'Ann', data: 'first' }));
    log.add(message(4, { from: 'Ann', data: 'second' }));
    log.settle(second, 'e:4');
    assert.deepEqual(said(log), ['1', '2', 'first', 'second']);
    assert.equal(log.pending().length, 0);
    assert.equal(log.unread, 2);
  });

  test('a time that is told later is taken over', () => {
    const log = makeLog({ user: 'Ann' });
    log.add(message(1));
    log.add(message(1, { time: '2026-11-21T10:00:00.000Z' }));
    log.add(message(1, { time: '2026-11-21T11:00:00.000Z' }));
    assert.equal(new Date(log.entries()[0].time).toISOString(), '2026-11-21T10:00:00.000Z');
  });

  test('unread is what others said behind the mark', () => {
    const log = makeLog({ user: 'Ann', read: 'e:2' });
    for (const n of [1, 2, 3, 4]) log.add(message(n));
    log.add(message(5, { from: 'Ann' }));
    assert.equal(log.unread, 2);
    assert.equal(log.readTo('e:3'), true);
    assert.equal(log.unread, 1);
    assert.equal(log.readTo('e:3'), false);
    log.readAll();
    assert.deepEqual([log.unread, log.read], [0, 'e:5']);
    log.add(message(1, { cursor: 'f:1' })); // the server has begun anew
    assert.equal(log.unread, 1);
    log.readAll();
    assert.deepEqual([log.unread, log.read], [0, 'f:1']);
  });

  test('it is bounded by number and by length', () => {
    const log = makeLog({ user: 'Ann' });
    for (let n = 1; n <= 2000; n++) log.add(message(n));
    assert.equal(log.entries().length, 500);
    assert.equal(log.unread, 500);
    for (let n = 2001; n <= 2100; n++) log.add(message(n, { data: 'x'.repeat(65_536) }));
    assert.ok(log.entries().reduce((sum, { data }) => sum + data.length, 0) <= 4_000_000);
    assert.equal(log.entries().at(-1).cursor, 'e:2100');
    for (let n = 0; n < 2000; n++) log.note('gap', 'x');
    assert.equal(log.entries().length, 500);
    assert.equal(log.unread, 0);
  });

  test('who comes and goes with nothing between is one line, each named once', () => {
    const log = makeLog({ user: 'Ann' });
    for (const [how, name] of [['joined', 'Ben'], ['joined', 'Cy'], ['left', 'Ben'], ['left', 'Di'], ['joined', 'Di']]) log.note(how, name);
    const [{ joined, left }] = log.entries();
    assert.deepEqual([log.entries().length, joined, left], [1, ['Cy', 'Di'], ['Ben']]);
    log.add(message(1));
    log.note('joined', 'Ed');
    assert.deepEqual(said(log), ['people', '1', 'people']);
  });

  test('days, names and the new are set between', () => {
    const log = makeLog({ user: 'Ann' });
    const at = (n, time, more) => log.add(message(n, { time, ...more }));
    at(1, '2026-11-20T12:00:00Z');
    at(2, '2026-11-20T12:01:00Z');
    at(3, '2026-11-20T12:20:00Z');
    at(4, '2026-11-21T12:00:00Z');
    at(5, '2026-11-21T12:00:01Z', { from: 'Cy' });
    at(6, '2026-11-21T12:00:02Z', { from: 'Cy' });
    at(7, '2026-11-21T12:00:03Z', { from: 'Cy', event: undefined });
    const lines = arrange(log.entries(), log.entries()[5]).map(({ kind, isSame, entry }) => (kind === 'message' ? `${entry.data}${isSame ? '+' : ''}` : kind));
    assert.deepEqual(lines, ['day', '1', '2+', '3', 'day', '4', '5', 'new', '6', '7']);
  });
});

describe('what is kept', () => {
  let stores;
  beforeEach(() => {
    stores = { local: new Map(), session: new Map() };
    const storage = (map) => ({ getItem: (key) => map.get(key) ?? null, setItem: (key, value) => map.set(key, value) });
    globalThis.localStorage = storage(stores.local);
    globalThis.sessionStorage = storage(stores.session);
  });

  test('rooms, reading, drafts and what is unsent', () => {
    for (const name of ['a', 'b', 'a', 'c']) assert.deepEqual(keepRoom(name), []);
    dropRoom('b');
    assert.deepEqual(keptRooms(), ['a', 'c']);
    keepRead('Ann', '#a', 'e:1');
    keepRead('Ann', '#a', 'e:2');
    keepRead('Ben', '#a', 'e:9');
    assert.deepEqual(keptRead('Ann'), { '#a': 'e:2' });
    keepDraft('#a', 'half');
    keepDraft('#b', 'x');
    keepDraft('#b', '');
    assert.deepEqual(keptDrafts(), { '#a': 'half' });
    keepUnsent([{ place: '#a', text: 'x' }]);
    assert.deepEqual([keptUnsent(), keptDrafts(), keptRooms()], [[{ place: '#a', text: 'x' }], { '#a': 'half' }, ['a', 'c']]);
  });

  test('it does not grow for ever, and says which room was one too many', () => {
    for (let i = 0; i < MAX_ROOMS; i++) assert.deepEqual(keepRoom(`r${i}`), []);
    assert.deepEqual(keepRoom('one more'), ['r0']);
    for (let i = 0; i < 300; i++) {
      keepRead(`user ${i}`, '#a', 'e:1');
      keepRead('Ann', `#${i}`, 'e:1');
      keepDraft(`#${i}`, 'x');
    }
    const { rooms, read } = JSON.parse(stores.local.get('godwit.chat'));
    assert.deepEqual([rooms.length, Object.keys(read).length, Object.keys(read.Ann).length, Object.keys(keptDrafts()).length], [20, 8, 100, 100]);
  });

  test('whatever stands in the storage, or none of it', () => {
    for (const text of ['', 'x', 'null', '7', '[]', '{"rooms":7,"read":[],"drafts":"x","unsent":{}}', '{"rooms":[7,null],"read":{"Ann":7},"drafts":{"a":7},"unsent":[null,7,{"place":"x","text":"y"}]}']) {
      stores.local.set('godwit.chat', text);
      stores.session.set('godwit.chat', text);
      assert.deepEqual([keptRooms(), keptRead('Ann'), keptDrafts(), keptUnsent()], [[], {}, {}, []], text);
    }
    keepRoom('a');
    assert.deepEqual(keptRooms(), ['a']);
    localStorage.setItem('godwit.chat', '{"rooms":["\\ud800","b"]}');
    assert.deepEqual(keptRooms(), ['b'], 'half a character has no address');
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error('refused'); } });
    keepRoom('b');
    keepDraft('#a', 'x');
    assert.deepEqual([keptRooms(), keptDrafts()], [[], {}]);
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: undefined });
  });
});

describe('the chat', () => {
  const emitter = (more) => {
    const heard = {};
    return {
      on(name, hear) {
        (heard[name] ??= []).push(hear);
        return () => { heard[name] = heard[name].filter((each) => each !== hear); };
      },
      tell: (name, value) => heard[name]?.forEach((hear) => hear(value)),
      ...more,
    };
  };

  /** A client that keeps what it is asked to do, as [what, …, resolve, reject]. */
  function fake() {
    const asked = [];
    const ask = (...what) => new Promise((resolve, reject) => { asked.push([...what, resolve, reject]); });
    const channels = new Map();
    const g = emitter({
      state: 'connecting',
      channel(name) {
        if (!channels.has(name)) {
          channels.set(name, emitter({
            name, open() {}, close() {}, people: [], kept: [],
            publish: (text, { event, volatile }) => (volatile ? asked.push(['volatile', name, event]) : ask('pub', name, text, event)),
            presence: async () => ({ users: channels.get(name).people.map((user) => ({ user })), count: channels.get(name).people.length }),
            history: async () => ({ messages: channels.get(name).kept }),
          }));
        }
        return channels.get(name);
      },
      send: (user, text, { event }) => ask('to', user, text, event),
      close() {},
    });
    const turn = (state) => { Object.assign(g, { state, transport: state === 'online' ? 'websocket' : undefined }); g.tell('state', { state }); };
    return { g, asked, turn, take: (i = 0) => asked.splice(i, 1)[0], channel: (name) => g.channel(name) };
  }
  const soon = () => new Promise((resolve) => { setImmediate(resolve); });
  const said = (place) => place.log.entries().map(({ data, text, kind }) => data ?? text ?? kind);

  function enter(options) {
    const all = fake();
    const chat = openChat(all.g, { user: 'Ann', ...options });
    all.channel('chat:lobby').cursor = 'e:0';
    all.turn('online');
    return { ...all, chat, lobby: chat.open('#lobby') };
  }

  test('a message goes to the person and then, as a copy, to oneself', async (t) => {
    const { chat, take, g } = enter();
    t.after(chat.close);
    const ben = chat.open('@Ben');
    chat.say(ben, 'hi');
    const [kind, user, text, event, ok] = take();
    assert.deepEqual([kind, user, text, event], ['to', 'Ben', 'hi', 'say']);
    ok({ cursor: 'b:1' });
    await soon();
    const [, me, copy, mark, done] = take();
    assert.deepEqual([me, copy, mark], ['Ann', 'hi', 'to:Ben']);
    g.tell('direct', { cursor: 'i:1', from: 'Ann', event: 'to:Ben', data: 'hi' });
    done({ cursor: 'i:1' });
    await soon();
    g.tell('direct', { cursor: 'i:2', from: 'Ben', event: 'say', data: 'you too' });
    g.tell('direct', { cursor: 'i:3', from: 'Cy', event: 'to:Ben', data: 'not a copy' });
    assert.deepEqual([said(ben), ben.log.unread, said(chat.place('@Cy'))], [['hi', 'you too'], 1, ['not a copy']]);
  });

  test('a message that was sent and whose copy failed is not sent again', async (t) => {
    const { chat, take, asked } = enter();
    t.after(chat.close);
    const ben = chat.open('@Ben');
    chat.say(ben, 'hi');
    take()[4]({ cursor: 'b:1' });
    await soon();
    take()[5](Object.assign(new Error(), { code: 503, reason: 'busy' }));
    await soon();
    const [entry] = ben.log.pending();
    assert.match(fateText(entry, true), /^sent, but without a copy/);
    chat.retry(ben, entry);
    assert.deepEqual(asked.map(([kind, user]) => [kind, user]), [['to', 'Ann']]);
  });

  test('what another client had not begun to send is sent by the next one, what it had is left to the visitor', async (t) => {
    const old = fake();
    const before = openChat(old.g, { user: 'Ann' });
    before.say(before.open('#lobby'), 'before there was a connection');
    old.turn('online');
    before.say(before.open('#lobby'), 'on its way');
    old.take(1)[5](Object.assign(new Error(), { code: 413, reason: 'long' }));
    await soon();
    old.turn('connecting');
    before.say(before.open('@Ben'), 'while there was none');
    const unsent = before.unsent();
    before.close();
    const { chat, lobby, asked } = enter();
    t.after(chat.close);
    chat.bringBack(unsent, 'left');
    assert.deepEqual(asked.map(([, where, text]) => [where, text]), [['Ben', 'while there was none']]);
    assert.deepEqual(lobby.log.pending().map(({ problem }) => problem), [{ code: 0, reason: 'left' }, { code: 413, reason: 'long' }]);
  });

  test('who takes another name waits for the answers that are under way, where there can be any', async (t) => {
    const { chat, lobby, take, turn } = enter();
    t.after(chat.close);
    chat.say(lobby, 'one');
    let isAnswered = false;
    const answered = chat.answered().then(() => { isAnswered = true; });
    await soon();
    assert.equal(isAnswered, false);
    take()[4]({ cursor: 'e:1' });
    await answered;
    assert.deepEqual(chat.unsent(), []);
    turn('connecting');
    chat.say(lobby, 'two');
    assert.equal(chat.answered(), undefined);
  });

  test('people: the list is read again when somebody comes while it is read, and in a crowd nobody is announced', async (t) => {
    const { chat, lobby, channel } = enter();
    t.after(chat.close);
    const room = channel('chat:lobby');
    await soon();
    room.people = ['Ann'];
    room.tell('recovered', { cursor: 'e:0' });
    room.people = ['Ann', 'Ben'];
    room.tell('join', 'Ben');
    await soon();
    assert.deepEqual([[...lobby.people], lobby.count, said(lobby)], [['Ann', 'Ben'], 2, ['people']]);
    room.tell('join', 'Ann');
    room.tell('leave', 'Nobody');
    assert.equal(lobby.count, 2);
    for (let i = 0; i < 60; i++) room.tell('join', `p${i}`);
    assert.equal(lobby.count, 62);
    assert.deepEqual(lobby.log.entries()[0].joined.length, 49); // with oneself fifty
  });

  test('a loss is told in the log, and what was missed gets its times from the history', async (t) => {
    const { chat, lobby, channel } = enter();
    t.after(chat.close);
    const room = channel('chat:lobby');
    room.tell('gap', { missed: 3, cursor: 'e:3' });
    assert.deepEqual(said(lobby), []); // nothing was seen: nothing is missing
    room.tell('message', { cursor: 'e:4', from: 'Ben', data: 'x' });
    room.kept = [{ cursor: 'e:9', data: 'y', time: '2026-11-21T10:00:00.000Z' }];
    room.tell('gap', { missed: 4, cursor: 'e:8' });
    room.tell('message', { cursor: 'e:9', data: 'y' });
    await soon();
    assert.deepEqual(said(lobby), ['x', gapText(4), 'y']);
    assert.equal(new Date(lobby.log.entries()[2].time).toISOString(), '2026-11-21T10:00:00.000Z');
    room.kept = [{ cursor: 'e:9', data: 'y' }, { cursor: 'e:10', data: 'z' }];
    room.tell('error', { code: 0, reason: 'lost' }); // as the history was read
    await soon();
    assert.deepEqual([lobby.isIn, said(lobby).at(-1)], [true, 'z']);
    room.tell('error', { code: 429, reason: 'too-many' });
    assert.deepEqual([lobby.isIn, said(lobby).at(-1)], [false, 'This room cannot be heard: too-many.']);
  });

  test('anybody may write, and not without end', (t) => {
    const { chat, g } = enter();
    t.after(chat.close);
    const ben = chat.show('@Ben');
    for (let i = 1; i <= 500; i++) g.tell('direct', { cursor: `i:${i}`, from: `p${i}`, data: 'x' });
    assert.ok(chat.talks().length <= 100);
    assert.equal(chat.place('@Ben'), ben);
    assert.ok(chat.place('@p500'));
  });

  test('writing is told now and then, on a channel of its own, to the other of two', (t) => {
    const { chat, g, asked } = enter();
    t.after(chat.close);
    chat.show('#lobby');
    for (let i = 0; i < 9; i++) chat.typing.tell();
    assert.deepEqual(asked, [['volatile', 'typing:#lobby', 'typing']]);
    const ben = chat.show('@Ben');
    const hints = g.channel('typing:@Ann@Ben');
    for (const from of ['Ann', 'Cy', undefined, 'Ben']) hints.tell('message', { from, event: 'typing', data: '' });
    assert.deepEqual(chat.typing.writers(), ['Ben']);
    g.tell('direct', { cursor: 'i:1', from: 'Ben', data: 'x' });
    assert.deepEqual(chat.typing.writers(), []);
    assert.deepEqual(said(ben), ['x']);
    chat.show('#lobby');
    const many = g.channel('typing:#lobby');
    for (let i = 0; i < 300; i++) many.tell('message', { from: `u${i}`, event: 'typing', data: '' });
    assert.equal(chat.typing.writers().length, 100, 'a flood of writers has an end');
  });
});
