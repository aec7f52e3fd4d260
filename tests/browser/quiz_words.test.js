// SPDX-License-Identifier: MIT
// The parts of the quiz that are plain logic and need no browser: who is who, what is taken of what comes, the game, and both
// sides of it over a client that is made up here.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { readAnswer, readQuestions, readState, wantsOf } from '../../web/quiz/format.js';
import * as game from '../../web/quiz/game.js';
import { openHosting } from '../../web/quiz/hosting.js';
import { cleanCode, codeOf, hostUser, isHost, isPlayer, makeId, nameOf, playerUser } from '../../web/quiz/names.js';
import { openPlaying } from '../../web/quiz/playing.js';
import { SAMPLES } from '../../web/quiz/samples.js';

globalThis.crypto ??= webcrypto; // Node 18 has it by this name alone

const ID = 'abcdefghij', CODE = codeOf(ID), HOST = hostUser(ID);
const ANN = 'Ann #aaaaaa', BO = 'Bo #bbbbbb', CY = 'Cy #cccccc';
const QUESTIONS = [{ text: 'One?', options: ['a', 'b', 'c'], right: 1, limit: 20 }, { text: 'Two?', options: ['yes', 'no'], right: 0, limit: 0 }];

const message = (from, event, value, cursor) => ({ from, event, cursor, text: JSON.stringify(value), json() { return JSON.parse(this.text); } });
const answer = (from, round, choice, ms = 0) => message(from, 'answer', { round, choice, ms });
const state = (value, from = HOST) => message(from, 'state', value);
const begun = () => {
  const quiz = game.newGame(ID, structuredClone(QUESTIONS));
  game.put(quiz, 'r1', 1000);
  return quiz;
};

test('a code belongs to its host', () => {
  assert.match(CODE, /^[A-Z]{5}$/);
  assert.ok(isHost(HOST, CODE));
  for (const other of [undefined, '', 'Ann', '#host-', hostUser('abcdefghik'), `${HOST}x`, `x${HOST}`]) assert.ok(!isHost(other, CODE), other);
  const ids = Array.from({ length: 500 }, () => makeId());
  assert.equal(new Set(ids).size, 500);
  assert.ok(new Set(ids.map(codeOf)).size >= 498, 'codes are spread');
  for (const id of ids) assert.equal(cleanCode(codeOf(id).toLowerCase()), codeOf(id));
  assert.equal(cleanCode(' bc-dfg\n'), 'BCDFG');
  for (const wrong of ['', 'BCDF', 'BCDFGH', 'AEIOU', '12345', '<b>']) assert.equal(cleanCode(wrong), '', wrong);
});

test('a player is whoever has a name that could have been typed', () => {
  const user = playerUser('Zoë 2', makeId(6));
  assert.ok(isPlayer(user));
  assert.equal(nameOf(user), 'Zoë 2');
  assert.ok(isPlayer('ann'));
  for (const other of [undefined, 7, '', ' ', HOST, '<b>', ' x', 'x\ny', `${'x'.repeat(25)}`, '#aaaaaa', ' #aaaaaa']) assert.ok(!isPlayer(other), String(other));
});

test('the sample questions can be put', () => {
  assert.ok(SAMPLES.length >= 5);
  assert.deepEqual(readQuestions(structuredClone(SAMPLES)), SAMPLES);
  for (const each of SAMPLES) assert.equal(wantsOf(each), '');
  assert.deepEqual([...new Set(SAMPLES.map(({ options }) => options.length))].sort(), [2, 3, 4, 5, 6]);
});

test('what keeps a question from being put is said', () => {
  assert.equal(wantsOf({ text: ' ', options: ['a', 'b'] }), 'it has no text yet');
  assert.equal(wantsOf({ text: 'x', options: ['a', ' '] }), 'answer 2 is empty');
  assert.equal(wantsOf({ text: 'x', options: ['a', 'b'] }), '');
});

test('a state goes through as it was said, in every phase', () => {
  const quiz = begun();
  const through = () => {
    const said = game.snapshot(quiz, 3000);
    assert.deepEqual(readState(state(said), CODE), said);
    return said;
  };
  assert.equal(through().elapsed, 2000);
  game.take(quiz, answer(ANN, 'r1', 1), 2000);
  game.close(quiz, [BO]);
  const closed = through();
  assert.equal(closed.right, 1);
  assert.deepEqual(closed.counts, [0, 1, 0]);
  assert.deepEqual(closed.players.map(([user, , , choice]) => [user, choice]), [[ANN, 1], [BO, -1]]);
  game.finish(quiz);
  assert.equal(through().players.length, 2);
  game.restart(quiz);
  assert.deepEqual(through(), { seq: 0, phase: 'lobby', of: 2 });
});

test('before a question is closed its state has no word of the right answer or of any answer', () => {
  const quiz = begun();
  const before = JSON.stringify(game.snapshot(quiz, 2000));
  quiz.questions[0].right = 2;
  game.take(quiz, answer(ANN, 'r1', 2), 2000);
  assert.equal(JSON.stringify(game.snapshot(quiz, 2000)), before);
  assert.doesNotMatch(before, /right|counts|players|Ann/);
});

test('what is no state of the host is nothing', () => {
  const quiz = begun();
  const open = game.snapshot(quiz, 1000);
  game.close(quiz, [ANN]);
  const closed = game.snapshot(quiz, 1000);
  for (const from of [undefined, 'Ann', hostUser('bbbbbbbbbb')]) assert.equal(readState(message(from, 'state', open), CODE), null);
  assert.equal(readState(message(HOST, 'other', open), CODE), null);
  const broken = [null, 7, 'x', [], {}, { ...open, phase: 'toString' }, { ...open, seq: '1' }, { ...open, options: 'ab' }, { ...open, options: ['a'] },
    { ...open, options: ['a', {}] }, { ...open, options: Array(7).fill('a') }, { ...open, text: null }, { ...open, elapsed: -1 }, { ...open, round: {} }, { ...closed, right: 3 },
    { ...closed, counts: [1, 2] }, { ...closed, counts: ['<b>', 0, 0] }, { ...closed, players: {} }, { ...closed, players: [[ANN]] }, { ...closed, players: [['<b>', 1, 1, 1, 1]] },
    { ...closed, players: [[ANN, '9', 1, 1, 1]] }];
  for (const value of broken) assert.equal(readState(state(value), CODE), null, JSON.stringify(value));
  assert.equal(readState({ from: HOST, event: 'state', json: () => JSON.parse('{') }, CODE), null);
});

test('what is no answer is nothing', () => {
  assert.deepEqual(readAnswer(answer(ANN, 'r1', 2, 70)), { user: ANN, round: 'r1', choice: 2, ms: 70 });
  assert.equal(readAnswer(message('curl', 'answer', { round: 'r1', choice: 0 })).ms, Infinity);
  const broken = [null, 'x', [], {}, { round: 'r1' }, { round: 'r1', choice: '1' }, { round: 'r1', choice: -1 }, { round: 'r1', choice: 6 }, { round: 'r1', choice: 0.5 }, { round: 7, choice: 0 }];
  for (const value of broken) assert.equal(readAnswer(message(ANN, 'answer', value)), null, JSON.stringify(value));
  assert.equal(readAnswer(message(undefined, 'answer', { round: 'r1', choice: 0 })), null);
  assert.equal(readAnswer(message(ANN, 'state', { round: 'r1', choice: 0 })), null);
});

test('the first answer counts, once, and only while its question is open', () => {
  const quiz = begun();
  assert.ok(game.take(quiz, answer(ANN, 'r1', 1, 500), 2000));
  assert.ok(!game.take(quiz, answer(ANN, 'r1', 2, 0), 2000));
  assert.ok(!game.take(quiz, answer(BO, 'r0', 1), 2000));
  assert.ok(!game.take(quiz, answer(BO, 'r1', 3), 2000), 'there are three options');
  assert.ok(game.take(quiz, answer('__proto__', 'r1', 0), 2000));
  assert.deepEqual(game.countsOf(quiz), [1, 1, 0]);
  game.close(quiz);
  assert.ok(!game.take(quiz, answer(BO, 'r1', 1), 2000));
  assert.deepEqual(game.snapshot(quiz, 0).counts, [1, 1, 0]);
  game.put(quiz, 'r2', 5000);
  assert.ok(!game.take(quiz, answer(BO, 'r1', 1), 6000));
  assert.deepEqual(game.countsOf(quiz), [0, 0]);
});

test('faster is more, and nobody was faster than time went by', () => {
  assert.equal(game.pointsFor(0, 20), 1000);
  assert.equal(game.pointsFor(10_000, 20), 750);
  assert.equal(game.pointsFor(20_000, 20), 500);
  assert.equal(game.pointsFor(1e9, 20), 500);
  assert.equal(game.pointsFor(0, 0), 1000);
  assert.equal(game.pointsFor(1e9, 0), 500);
  const quiz = begun();
  game.take(quiz, answer(ANN, 'r1', 1, 2000), 11_000);
  game.take(quiz, answer(BO, 'r1', 1, 1e6), 11_000);
  game.take(quiz, message(CY, 'answer', { round: 'r1', choice: 1, ms: -5 }), 11_000);
  game.close(quiz);
  assert.deepEqual(game.rows(quiz).map(([user, points]) => [user, points]), [[ANN, 950], [BO, 750], [CY, 750]]);
});

test('equal points are an equal place, and points add up', () => {
  const quiz = begun();
  for (const user of [ANN, BO]) game.take(quiz, answer(user, 'r1', 1, 0), 1000);
  game.close(quiz, [CY]);
  assert.deepEqual(game.places(game.rows(quiz)).map(({ name, place }) => [name, place]), [['Ann', 1], ['Bo', 1], ['Cy', 3]]);
  game.put(quiz, 'r2', 2000);
  game.take(quiz, answer(BO, 'r2', 0, 0), 2000);
  game.close(quiz, []);
  assert.deepEqual(game.rows(quiz), [[BO, 2000, 1000, 0, 2], [ANN, 1000, 0, -1, 1], [CY, 0, 0, -1, 0]]);
});

test('a quiz is the same after it was kept', () => {
  const quiz = begun();
  game.take(quiz, answer(ANN, 'r1', 1, 5), 2000);
  assert.deepEqual(game.unpack(game.pack(quiz)), quiz);
  game.close(quiz, [BO]);
  assert.deepEqual(game.unpack(game.pack(quiz)), quiz);
  for (const text of ['', 'null', '{}', '7', '{"id":7}', game.pack({ ...quiz, at: 9 }), game.pack({ ...quiz, phase: 'x' })]) assert.equal(game.unpack(text), null, text);
});

test('a whole ranking fits in one message', () => {
  const quiz = begun();
  quiz.questions[0] = { text: 'ü'.repeat(300), options: Array(6).fill('ü'.repeat(120)), right: 0, limit: 20 };
  const users = Array.from({ length: 1000 }, (_, i) => `${'𠀀'.repeat(24)} #${String(i).padStart(6, 'a')}`);
  for (const user of users) game.take(quiz, answer(user, 'r1', 0, 0), 1000);
  game.close(quiz, users);
  assert.equal(quiz.players.size, 400);
  const said = JSON.stringify(game.snapshot(quiz, 1000));
  assert.ok(Buffer.byteLength(said) < 65_536, `${Buffer.byteLength(said)} bytes`);
  assert.ok(readState(state(JSON.parse(said)), CODE));
});

// ---- over a client that is made up: both sides of it are moved by hand

function channelOf(published) {
  const listeners = {};
  return {
    kept: [], users: [], published,
    on(event, hear) {
      (listeners[event] ??= new Set()).add(hear);
      return () => listeners[event].delete(hear);
    },
    emit: (event, value) => listeners[event]?.forEach((hear) => hear(value)),
    async publish(value, { event }) {
      published.push({ event, value: structuredClone(value) });
      return { cursor: 'x' };
    },
    async history() { return { messages: this.kept }; },
    async presence() { return { users: this.users.map((user) => ({ user })) }; },
  };
}

function clientOf() {
  const channels = {}, hears = new Set();
  const g = {
    state: 'connecting',
    channel: (name) => (channels[name] ??= channelOf([])),
    on(event, hear) {
      hears.add(hear);
      return () => hears.delete(hear);
    },
    turn(to) {
      g.state = to;
      hears.forEach((hear) => hear({ state: to }));
    },
  };
  return g;
}
const settle = () => new Promise(setImmediate);

test('a host closes only when it has read what the channel took before, and when it is connected', async (t) => {
  const g = clientOf(), quiz = game.newGame(ID, structuredClone(QUESTIONS));
  const hosting = openHosting(g, quiz, { save() {}, changed() {} });
  t.after(hosting.stop);
  const room = g.channel(`quiz:${CODE}`), answers = g.channel(`quiz-answers:${CODE}`);
  room.users = [HOST, ANN, BO];
  g.turn('online');
  await settle();
  assert.deepEqual([...hosting.present], [ANN, BO]);
  hosting.put();
  answers.emit('message', { ...answer(ANN, quiz.round, 1), cursor: 'e:1' });
  assert.equal(quiz.cursor, 'e:1');
  g.turn('connecting');
  answers.kept = [answer(BO, quiz.round, 1)]; // the server has it, this page has not
  hosting.close();
  await settle();
  assert.equal(quiz.phase, 'open');
  assert.ok(hosting.isClosing);
  g.turn('online');
  await settle();
  assert.equal(quiz.phase, 'closed');
  assert.deepEqual(room.published.at(-1).value.counts, [0, 2, 0]);
  answers.emit('message', answer(CY, quiz.round, 0));
  assert.deepEqual(game.countsOf(quiz), [0, 2, 0]);
});

test('a host says its state anew when it is back, each time with a higher number, and nothing without a connection', async (t) => {
  const g = clientOf(), quiz = game.newGame(ID, structuredClone(QUESTIONS));
  const hosting = openHosting(g, quiz, { save() {}, changed() {} });
  t.after(hosting.stop);
  const { published } = g.channel(`quiz:${CODE}`);
  g.turn('online');
  hosting.put();
  g.turn('connecting');
  await hosting.close();
  assert.deepEqual(published.map(({ value }) => value.phase), ['lobby', 'open']);
  g.turn('online');
  await settle();
  assert.deepEqual(published.map(({ value }) => value.phase), ['lobby', 'open', 'open', 'closed']);
  published.forEach(({ value }, i) => assert.ok(i === 0 || value.seq > published[i - 1].value.seq));
});

test('who comes and goes while the list is on its way is right in the end', async (t) => {
  const g = clientOf(), quiz = game.newGame(ID, structuredClone(QUESTIONS));
  const hosting = openHosting(g, quiz, { save() {}, changed() {} });
  t.after(hosting.stop);
  const room = g.channel(`quiz:${CODE}`);
  room.users = [HOST, ANN, '<b>'];
  g.turn('online');
  room.emit('leave', ANN);
  room.emit('join', BO);
  room.emit('join', '<b>');
  await settle();
  assert.deepEqual([...hosting.present], [BO]);
});

function player({ now = () => 0, kept } = {}) {
  const g = clientOf(), log = [];
  const playing = openPlaying(g, CODE, ANN, { changed() {}, now, kept, keep: (mine) => log.push(mine) });
  return { g, playing, log, room: g.channel(`quiz:${CODE}`), answers: g.channel(`quiz-answers:${CODE}`) };
}
const asked = (more) => ({ seq: 1, phase: 'open', of: 1, round: 'r1', number: 1, text: 'One?', options: ['a', 'b'], limit: 20, elapsed: 0, ...more });

test('the time left is that of the earliest sign of the question, however late messages come', () => {
  let now = 50_000;
  const { room, playing } = player({ now: () => now });
  room.emit('message', state(asked({ elapsed: 5000 })));
  assert.equal(playing.left, 15_000);
  now += 1000;
  room.emit('message', state(asked({ seq: 2, elapsed: 5500 })));
  assert.equal(playing.left, 14_000, 'one that was late changes nothing');
  room.emit('message', state(asked({ seq: 3, elapsed: 8000 })));
  assert.equal(playing.left, 12_000);
  now += 60_000;
  assert.equal(playing.left, 0);
  playing.answer(1);
  assert.equal(playing.mine.choice, undefined, 'time is up');
});

test('an older state that comes late is passed over', () => {
  const { room, playing } = player();
  room.emit('message', state({ seq: 7, phase: 'end', of: 1, players: [] }));
  room.emit('message', state(asked({ seq: 6 })));
  assert.equal(playing.state.phase, 'end');
});

test('one answer goes out, and what had no answer yet is said again by the page that is loaded next', async () => {
  const first = player({ now: () => 3000 });
  first.room.emit('message', state(asked()));
  first.answers.publish = () => new Promise(() => {}); // never answered
  first.playing.answer(1);
  first.playing.answer(0);
  assert.equal(first.playing.mine.choice, 1);
  const next = player({ now: () => 4000, kept: JSON.parse(JSON.stringify(first.log.at(-1))) });
  next.room.emit('message', state(asked({ seq: 2, elapsed: 500 })));
  await settle();
  assert.deepEqual(next.answers.published, [{ event: 'answer', value: { round: 'r1', choice: 1, ms: 0 } }]);
  assert.equal(next.playing.mine.said, 'sent');
  assert.equal(next.playing.left, 19_000, 'it knows when it began');
  const last = player({ now: () => 5000, kept: JSON.parse(JSON.stringify(next.log.at(-1))) });
  last.room.emit('message', state(asked({ seq: 3, elapsed: 2500 })));
  await settle();
  assert.deepEqual(last.answers.published, [], 'that one was taken');
  last.room.emit('gap', {});
  await settle();
  assert.equal(last.answers.published.length, 1, 'a server that has forgotten is told again');
});

test('an answer that could not be said can be said again', async () => {
  const { room, answers, playing } = player();
  const { publish } = answers;
  room.emit('message', state(asked()));
  answers.publish = () => Promise.reject(new Error('in-doubt'));
  playing.answer(1);
  await settle();
  assert.equal(playing.mine.said, 'failed');
  answers.publish = publish;
  playing.tryAgain();
  await settle();
  assert.equal(playing.mine.said, 'sent');
  assert.deepEqual(answers.published.map(({ value }) => value.choice), [1]);
});

test('a host whose quiz goes on in another window gives way, and says nothing more', async (t) => {
  const g = clientOf(), quiz = game.newGame(ID, structuredClone(QUESTIONS));
  let given = 0;
  const hosting = openHosting(g, quiz, { save() {}, changed() {}, overtaken() { given += 1; } });
  t.after(hosting.stop);
  const room = g.channel(`quiz:${CODE}`);
  g.turn('online');
  const own = room.published.at(-1).value;
  room.emit('message', state(own));
  assert.equal(given, 0, 'that was its own');
  room.emit('message', state({ ...own, seq: own.seq + 5 }));
  assert.equal(given, 1);
  const said = room.published.length;
  g.turn('connecting');
  g.turn('online');
  await settle();
  assert.equal(room.published.length, said);
});

test('whether the host is there is known from presence, notices and its own words', async (t) => {
  const { g, room, playing } = player();
  t.after(playing.stop);
  assert.equal(playing.isHostHere, null);
  g.turn('online');
  await settle();
  assert.equal(playing.isHostHere, false);
  room.emit('join', HOST);
  assert.equal(playing.isHostHere, true);
  room.emit('leave', hostUser('bbbbbbbbbb'));
  assert.equal(playing.isHostHere, true);
  room.emit('leave', HOST);
  assert.equal(playing.isHostHere, false);
  room.emit('message', state({ seq: 1, phase: 'lobby', of: 1 }));
  assert.equal(playing.isHostHere, true);
});
