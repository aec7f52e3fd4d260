// SPDX-License-Identifier: MIT
// What comes from a channel and what stands in a browser's storage may be anything: good states with some parts exchanged, thousands
// of them, and each page goes on and paints. Without a browser, on a page that is made up.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { makePage } from '../support/page.js';
import { makeRandom, mutate } from '../support/mutate.js';
import { wantsOf } from '../../web/quiz/format.js';
import * as game from '../../web/quiz/game.js';
import { openHosting } from '../../web/quiz/hosting.js';
import { codeOf, hostUser } from '../../web/quiz/names.js';
import { openPlaying } from '../../web/quiz/playing.js';

globalThis.crypto ??= webcrypto; // Node 18 has it by this name alone

const TIMES = 1200;
const settle = () => new Promise(setImmediate);
const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

/** A client whose channels do what the test says. */
function clientOf() {
  const channels = {};
  const emitter = () => {
    const heard = {};
    return {
      on(event, hear) {
        (heard[event] ??= new Set()).add(hear);
        return () => heard[event].delete(hear);
      },
      emit: (event, value) => [...heard[event] ?? []].forEach((hear) => hear(value)),
    };
  };
  const channel = () => ({
    ...emitter(), cursor: 'e:0', open() {}, close() {}, said: [],
    async publish(value) { this.said.push(value); return { cursor: 'e:1' }; },
    async history() { return { messages: [] }; },
    async presence() { return { users: [], count: 0 }; },
  });
  return { ...emitter(), state: 'online', transport: 'websocket', channel: (name) => (channels[name] ??= channel()), send: async () => ({ cursor: 'e:1' }), close() {} };
}

// ---- the quiz

const ID = 'abcdefghij', CODE = codeOf(ID), HOST = hostUser(ID);
const ANN = 'Ann #aaaaaa', BO = 'Bo #bbbbbb';
const QUESTIONS = [{ text: 'One?', options: ['a', 'b', 'c'], right: 1, limit: 20 }, { text: 'Two?', options: ['yes', 'no'], right: 0, limit: 0 }];
const from = (user, event, value) => ({ from: user, event, cursor: 'e:1', text: text(value), json() { return JSON.parse(this.text); } });

/** A quiz in each of its phases. */
function quizzes() {
  const quiz = game.newGame(ID, structuredClone(QUESTIONS));
  const all = [];
  const keep = () => all.push(JSON.parse(game.pack({ ...quiz, kept: 5000 })));
  keep();
  game.put(quiz, 'r1', 1000);
  for (const user of [ANN, BO]) game.take(quiz, from(user, 'answer', { round: 'r1', choice: 1, ms: 9 }), 2000);
  quiz.cursor = 'e:2';
  quiz.seq = 9;
  keep();
  game.close(quiz, [ANN]);
  keep();
  game.finish(quiz);
  keep();
  return all;
}

test('a host’s page goes on from whatever is kept of its quiz', async (t) => {
  const { byId } = makePage(t);
  const { hostView } = await import('../../web/quiz/host-view.js');
  const random = makeRandom();
  const good = quizzes();
  let opened = 0;
  for (let i = 0; i < TIMES; i++) {
    const kept = i === 0 ? { ...good[2], players: [['y', null]] } : mutate(good[i % good.length], random);
    const quiz = game.unpack(JSON.stringify(kept));
    if (!quiz) continue;
    opened += 1;
    const where = JSON.stringify(kept).slice(0, 600);
    const g = clientOf();
    const hosting = openHosting(g, quiz, { save: () => assert.ok(game.unpack(game.pack(quiz)), `it is not kept so that it can be read: ${where}`), changed() {} });
    const view = hostView(g, quiz, hosting);
    const look = () => {
      view.paint();
      assert.match(byId('host-asked').textContent, /./, where);
      const { seq, phase, players = [] } = game.snapshot(quiz, 3000);
      assert.ok(Number.isSafeInteger(seq) && phase, where);
      for (const row of players) assert.ok(row.every((each) => typeof each === 'string' || Number.isInteger(each)), where);
    };
    look();
    hosting.restart();
    look();
    if (quiz.questions.length && quiz.questions.every((each) => wantsOf(each) === '')) { // the view puts no other
      hosting.put();
      look();
      await hosting.close();
      look();
      assert.equal(quiz.phase, 'closed', where);
    }
    hosting.finish();
    look();
    hosting.stop();
  }
  assert.ok(opened > TIMES / 3, `${opened}`);
});

test('a player’s page goes on whatever is kept of the answer, and whatever comes', async (t) => {
  const { byId } = makePage(t);
  const { playerView } = await import('../../web/quiz/player-view.js');
  const random = makeRandom();
  const states = quizzes().map((kept) => game.snapshot(game.unpack(JSON.stringify(kept)), 3000));
  const mine = { round: 'r1', began: 1000, choice: 1, ms: 5, said: 'sent' };
  for (let i = 0; i < TIMES; i++) {
    const kept = i % 4 ? mutate(mine, random) : mine, said = [];
    const g = clientOf();
    const playing = openPlaying(g, CODE, ANN, { changed() {}, kept, now: () => 4000, keep: (value) => said.push(value) });
    const view = playerView(g, CODE, 'Ann', playing);
    for (const [n, state] of states.entries()) {
      const next = random() < 0.5 ? mutate({ ...state, seq: n + 1 }, random) : { ...state, seq: n + 1 };
      const where = `${JSON.stringify(kept)} ${JSON.stringify(next).slice(0, 600)}`;
      g.channel(`quiz:${CODE}`).emit('message', from(HOST, 'state', next));
      view.paint();
      view.entitle();
      assert.match(byId('play-asked').textContent, /./, where);
      assert.ok(!Number.isNaN(playing.left), where);
      if (playing.state?.phase === 'open') playing.answer(1);
      view.paint();
    }
    for (const answer of g.channel(`quiz-answers:${CODE}`).said) assert.ok(Number.isInteger(answer.choice) && Number.isInteger(answer.ms), JSON.stringify([kept, answer]));
    playing.stop();
  }
});

// ---- the map

test('the map shows whatever comes within its edges, by names that can be read', async (t) => {
  const { byId, frame } = makePage(t);
  const { makeCrowd } = await import('../../web/map/crowd.js');
  const { makeFigures } = await import('../../web/map/figures.js');
  const { makeList, makeSpeaker } = await import('../../web/map/people.js');
  const random = makeRandom();
  const pick = (list) => list[Math.floor(random() * list.length)];
  const figures = makeFigures(byId('figures'), byId('trails'));
  const list = makeList(byId('people'), byId('rest'), figures.find);
  const told = makeSpeaker(byId('said'));
  const crowd = makeCrowd((what, value) => {
    if (what === 'at') figures.put(value.key, { ...value, label: value.name });
    else if (what === 'gone') figures.drop(value.key);
    else if (random() < 0.01) told(what, value.name);
  });
  const users = [undefined, '', ' ', 'Ann', '\u202e', '\u0000', '__proto__', 'constructor', '<b>', '\ud800', 'x'.repeat(200)];
  const good = { id: 'a1', who: 'Ann', x: 0.1, y: 0.2, c: [0.3, 0.4, 0.5, 0.6] };
  for (let i = 0; i < TIMES; i++) {
    const said = mutate(good, random);
    crowd.hear(pick(['at', undefined, 'gone', 'hello', '__proto__']), pick(users), pick([text(said), text(said), 'a1', '{']));
    const act = random();
    if (act < 0.05) crowd.present(users.slice(1).map((user) => ({ user, sessions: 1 })));
    else if (act < 0.1) crowd.join(pick(users.slice(1)));
    else if (act < 0.15) crowd.leave(pick(users));
    else if (act < 0.3) crowd.pass(1000);
    list.paint([...crowd.people.values()]);
    if (i % 50 === 0) frame();
    for (const { name, x, y, couriers } of crowd.markers.values()) {
      for (const n of [x, y, ...couriers.flatMap((each) => [each.x, each.y])]) assert.ok(n >= 0 && n <= 1, JSON.stringify(said));
      assert.match(name, /^[^\u0000-\u001f\u202a-\u202e]+$/u, JSON.stringify(said));
    }
    for (const { name } of crowd.people.values()) assert.match(name, /^[^\s\u0000-\u001f\u202a-\u202e]+$/u);
  }
});

// ---- the chat

test('the chat shows whatever is said, by whomever, and takes whatever is kept', async (t) => {
  const { byId } = makePage(t);
  const { openChat } = await import('../../web/chat/chat.js');
  const { openLogView } = await import('../../web/chat/log_view.js');
  const { aboutText, paintPeople, paintPlaces } = await import('../../web/chat/lists.js');
  const random = makeRandom();
  const pick = (list) => list[Math.floor(random() * list.length)];
  const g = clientOf();
  byId('newer').append(document.createElement('span'));
  const chat = openChat(g, { user: 'Ann' });
  t.after(chat.close);
  const view = openLogView({ actions: {}, scrolled() {} });
  const lobby = chat.show('#lobby');
  const users = [undefined, '', ' ', 'Ann', 'Ben', '\u202eneB', '\u200b', '\u0000', '__proto__', 'e\u0301\u0301\u0301'.repeat(30), 'x'.repeat(128)];
  const texts = ['', ' ', 'hi', '\u202e', '\ud800', 'https://', 'https://[', 'http://a/'.repeat(300), '('.repeat(9000), '👩‍🚀', new Uint8Array([0, 255]), new Uint8Array()];
  for (let i = 0; i < TIMES / 2; i++) {
    const message = { cursor: `e:${i + 1}`, from: pick(users), event: pick([undefined, 'say', 'to:', 'to:Ben', 'to:\u202e', 'x'.repeat(99), '__proto__']), data: pick(texts), time: pick([undefined, '2026-11-21T10:00:00Z', 'never', '']) };
    const act = random();
    if (act < 0.5) g.channel('chat:lobby').emit('message', message);
    else if (act < 0.8) g.emit('direct', message);
    else if (act < 0.9) g.channel('chat:lobby').emit(pick(['join', 'leave']), pick(users.slice(1)));
    else g.channel('typing:#lobby').emit('message', message);
    if (i % 10) continue;
    for (const place of [lobby, pick(chat.talks()) ?? lobby]) {
      view.paint(place, { isOnline: true, isLoaded: true, user: 'Ann', hasRead: true });
      paintPlaces(chat, place);
      paintPeople(chat, place);
      assert.match(aboutText(chat, place), /./);
    }
  }
  view.paint(lobby, { isOnline: true, isLoaded: true, user: 'Ann', hasRead: true });
  assert.ok(byId('messages').childElementCount > 100);
  await settle();
});

test('what the chat finds in the storage has its form', async (t) => {
  makePage(t);
  const storage = () => ({ getItem: (key) => storage[key] ?? null, setItem(key, value) { storage[key] = value; }, removeItem(key) { delete storage[key]; } });
  const box = storage();
  globalThis.sessionStorage = globalThis.localStorage = box;
  t.after(() => { delete globalThis.sessionStorage; delete globalThis.localStorage; });
  const keep = await import('../../web/chat/keep.js');
  const { openChat } = await import('../../web/chat/chat.js');
  const random = makeRandom();
  const good = {
    rooms: ['lobby', 'help'], read: { Ann: { '#lobby': 'e:1', '@Ben': 'f:2' } }, drafts: { '#lobby': 'half' },
    unsent: [{ place: '#lobby', text: 'x', isSent: false, isOut: true, code: 413, reason: 'long' }, { place: '@Ben', text: 'y', isOut: false }],
  };
  for (let i = 0; i < TIMES / 4; i++) {
    const kept = JSON.stringify(mutate(good, random));
    box.setItem('godwit.chat', kept);
    const chat = openChat(clientOf(), { user: 'Ann', reads: keep.keptRead('Ann') });
    for (const name of keep.keptRooms()) chat.open(`#${name}`);
    chat.bringBack(keep.keptUnsent(), 'left');
    for (const draft of Object.values(keep.keptDrafts())) assert.equal(typeof draft, 'string', kept);
    const { fateText } = await import('../../web/chat/words.js');
    for (const { log } of chat.all()) for (const entry of log.pending()) assert.match(fateText(entry, true), /./, kept);
    keep.keepRoom('birds');
    keep.keepRead('Ann', '#lobby', 'e:3');
    keep.keepDraft('#lobby', 'more');
    keep.dropRoom('help');
    keep.keepUnsent(chat.unsent());
    assert.ok(keep.keptRooms().includes('birds'), kept);
    assert.equal(keep.keptRead('Ann')['#lobby'], 'e:3', kept);
    chat.close();
  }
});

// ---- the ticker

test('the ticker shows whatever board comes, in numbers; and the market goes on', async (t) => {
  const { byId } = makePage(t);
  const { makeMarketView, readBoard, summaryOf, writeBoard } = await import('../../web/ticker/board.js');
  const { INSTRUMENTS, learn, walk } = await import('../../web/ticker/instruments.js');
  const { makePanel } = await import('../../web/ticker/panel.js');
  const { makeReader } = await import('../../web/ticker/readers.js');
  const { makeTable } = await import('../../web/ticker/table.js');
  const random = makeRandom();
  const view = makeMarketView(), reader = makeReader();
  const table = makeTable(byId('rows'), view.instruments);
  const panel = makePanel(byId('readers'), { key: 'fast', title: 'Fast', how: '' }, reader, view.clock);
  const T = 1795000000000;
  const good = { t: T, p: { GDWT: [128.35, 128], KNOT: 39.85, AVO: [84, 84.2] } };
  let last = new Map();
  for (let i = 0; i < TIMES; i++) {
    const said = text(mutate({ ...good, t: T + 66 * i }, random));
    const now = T + 66 * i;
    const board = readBoard(said, now);
    if (!board) continue;
    const changed = view.take(board, now);
    reader.take(board, now);
    reader.sample(view.clock, now);
    table.paint(changed, now);
    table.paintLines();
    panel.paint(now, 2000);
    learn(last, board.prices);
    last = walk(last, random);
    const mine = readBoard(writeBoard(last, now), now);
    assert.equal(mine?.prices.size, INSTRUMENTS.length, said);
    assert.doesNotMatch(`${summaryOf(view.instruments, view.facts(now))} ${byId('rows').textContent} ${byId('readers').textContent}`, /NaN|Infinity|undefined/, said);
    if (i % 100 === 0) view.remember([board]);
  }
  for (const { symbol, open } of INSTRUMENTS) {
    const { price } = last.get(symbol);
    assert.ok(price > open / 2000 && price < open * 2000, `${symbol} ${price}`);
  }
});
