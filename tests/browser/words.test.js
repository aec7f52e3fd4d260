// SPDX-License-Identifier: MIT
// The parts of the entrance that need no browser: how a message is written, where a room is, and what is on its way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelUrls, linesOf, roomOf } from '../../web/room/address.js';
import { MAX_NAME, cleanName, shownName } from '../../web/design/name.js';
import { keptIn } from '../../web/design/storage.js';
import { describeBytes } from '../../web/design/text.js';
import { openOutbox } from '../../web/room/outbox.js';
import { compose, fateOf, parse } from '../../web/room/words.js';

test('what is composed is parsed back, whatever the text', () => {
  const names = ['Ana', 'Zoë Müller', 'O’Brien', "d'Arc", '李雷', 'नमस्ते', '🐦', '👩‍🚀 Mae', 'x', 'a.b-c_d', '7'];
  const messages = ['hello', '', ' ', 'a: b', ': x', 'two\nlines', '<b>', '\u2028', 'x'.repeat(5000), 'Ana: Ana: x'];
  for (const typed of names)
    for (const text of messages) {
      const name = cleanName(typed);
      assert.equal(name, typed);
      assert.deepEqual(parse(compose(name, text)), { name, text });
    }
});

test('a typed name keeps what may stand in one', () => {
  assert.equal(cleanName('  Ana \t Lima '), 'Ana Lima');
  assert.equal(cleanName('Ana: Lima'), 'Ana Lima');
  assert.equal(cleanName('<i>{"x"}</i>'), 'ixi');
  assert.equal(cleanName('a\nb\0c'), 'a bc');
  assert.equal(cleanName(':::'), '');
  assert.equal([...cleanName('🐦'.repeat(99))].length, MAX_NAME);
});

test('a name that nobody could read is none, and nothing is hidden in one', () => {
  for (const none of ['', ' ', '\u00a0', '\u200b', '\u202e', '\u3164', '\u2800', '\u200d\ufe0f', '...', '-', '\u0301\u0301']) assert.equal(cleanName(none), '', JSON.stringify(none));
  assert.equal(cleanName('A\u200bn\u200dn\ufe0f\u2066'), 'Ann');
  assert.equal(cleanName(`A${'\u0301'.repeat(99)}nn`), `A${'\u0301'.repeat(3)}nn`);
  for (const real of ['👩‍🚀 Mae', '🏴‍☠️', '❤️', 'क्‍ष', 'دانا', 'Ấn']) assert.equal(cleanName(real), real);
});

test('whatever a server takes for a user is shown so that nobody looks like another', () => {
  for (const real of ['Ann', 'Ann #aaaaaa', '<b>', '👩‍🚀 Mae', 'क्‍ष', '-']) assert.equal(shownName(real), real);
  assert.equal(shownName(''), '');
  const others = [' Ann', 'Ann ', 'A\u200bnn', 'Ann\u200d', 'A\u00adnn', '\u202ennA', 'Ann\u0000', 'Ann\ufe0f', 'Ann\u3164'];
  for (const other of others) assert.match(shownName(other), /^\ufffd?[An\ufffd]+$/u, JSON.stringify(other));
  for (const other of others) assert.notEqual(shownName(other), 'Ann', JSON.stringify(other));
  assert.match(shownName('Ann  Lee'), /^Ann\ufffdLee$/);
  assert.match(shownName('Ann\u00a0Lee'), /^Ann\ufffdLee$/);
  assert.equal(shownName(' '), '\ufffd');
  assert.equal(shownName(`o${'\u0301'.repeat(500)}`).length, 4);
  assert.equal([...shownName('x'.repeat(128))].length, 41);
  assert.equal(shownName('דנה'), '\u2068דנה\u2069', 'what stands beside it stays where it is');
});

test('text that names nobody stays whole', () => {
  const plain = ['hello', '', 'http://example.org', 'see http://x: y', 'a:b', ': x', ' : x', '{"a": 1}', '<b>: x', 'a\nb: c',
    `${'x'.repeat(MAX_NAME + 1)}: y`];
  for (const text of plain) assert.deepEqual(parse(text), { name: null, text });
});

test('what became of a text is said in words', () => {
  assert.equal(fateOf(undefined, true), 'sending');
  assert.equal(fateOf(undefined, false), 'waits for the connection');
  assert.match(fateOf({ code: 413, reason: 'Content Too Large' }, true), /longer than this server takes/);
  assert.match(fateOf({ code: 0, reason: 'in-doubt' }, true), /^not confirmed/);
  assert.equal(fateOf({ code: 403, reason: 'not-for-you' }, true), 'not sent: not for you (403)');
  assert.equal(fateOf({ code: 0, reason: 'closed' }, false), 'not sent: closed');
});

test('bytes are counted and the first are shown', () => {
  assert.equal(describeBytes(new Uint8Array()), '0 bytes');
  assert.equal(describeBytes(new Uint8Array([7])), '1 byte: 07');
  assert.equal(describeBytes(new Uint8Array(17)), `17 bytes: ${'00 '.repeat(16)}…`);
});

test('a room is asked for by the address, and the lobby is there without', () => {
  const room = (query) => roomOf(`http://localhost:8000/${query}`);
  assert.equal(room(''), 'lobby');
  assert.equal(room('?room=mudflat'), 'mudflat');
  assert.equal(room('?room=a/b%20c'), 'a/b c');
  for (const bad of ['?room=', '?room=/a', '?room=a/', '?room=a%00b', '?room=a%0Ab', '?room=..', '?room=a/./b', `?room=${'x'.repeat(256)}`])
    assert.equal(room(bad), 'lobby', bad);
});

test('the lines need no quoting, whatever the room is called', () => {
  const urls = channelUrls('https://chat.example:8443/?room=x', "a/b c'$(id)`;&|<>\"\\!*~ü");
  assert.match(urls.http, /^https:\/\/chat\.example:8443\/channels\/a\/[\w%.-]+$/);
  assert.equal(urls.ws, urls.http.replace('https', 'wss'));
  assert.equal(decodeURIComponent(urls.http).split('/channels/')[1], "a/b c'$(id)`;&|<>\"\\!*~ü");
  assert.deepEqual(linesOf(channelUrls('http://localhost:8000/', 'lobby'), 'lobby'), {
    say: "curl -d 'hello' http://localhost:8000/channels/lobby",
    read: 'curl http://localhost:8000/channels/lobby',
    talk: 'godwit connect ws://localhost:8000/channels/lobby',
    page: 'const { default: godwit } = await import("/client/godwit.js");\n'
      + 'godwit("/").channel("lobby").publish("hello from a console");',
  });
});

// ---- the outbox -----------------------------------------------------------------------------------

/** An outbox whose answers the test gives: `answers[i].resolve({cursor})`, `.reject({code, reason})`. */
function outboxOver(storage = new Map()) {
  const made = { answers: [], said: [], shown: [], cursors: [] };
  made.box = openOutbox({
    publish: (text) => new Promise((resolve, reject) => { made.said.push(text); made.answers.push({ resolve, reject }); }),
    kept: keptIn(() => ({ getItem: (key) => storage.get(key) ?? null, setItem: (key, text) => storage.set(key, text), removeItem: (key) => storage.delete(key) })),
    key: 'box',
    changed: (items) => { made.shown = items.map(({ text, problem }) => (problem ? `${text}: ${problem.reason}` : text)); made.ids = items.map(({ id }) => id); },
    settled: (cursor) => made.cursors.push(cursor),
  });
  return made;
}
const turn = () => new Promise(setImmediate);

test('what was said waits until it has its place', async () => {
  const storage = new Map();
  const at = outboxOver(storage);
  assert.ok(at.box.say('one') && at.box.say('two'));
  assert.deepEqual([at.said, at.shown], [['one', 'two'], ['one', 'two']]);
  assert.equal(storage.get('box'), '["one","two"]');
  at.answers[1].resolve({ cursor: 'E:1' });
  await turn();
  assert.deepEqual([at.shown, at.cursors], [['one'], ['E:1']]);
  at.answers[0].resolve({ cursor: 'E:2' });
  await turn();
  assert.deepEqual([at.shown, at.cursors, storage.size], [[], ['E:1', 'E:2'], 0]);
});

test('what was refused stays until it is said again or discarded', async () => {
  const at = outboxOver();
  at.box.say('one');
  at.box.say('two');
  at.answers.forEach(({ reject }) => reject({ code: 503, reason: 'busy' }));
  await turn();
  assert.deepEqual(at.shown, ['one: busy', 'two: busy']);
  at.box.sayAgain(at.ids[0]);
  at.box.sayAgain(at.ids[0]); // a second click
  assert.deepEqual([at.shown, at.said], [['one', 'two: busy'], ['one', 'two', 'one']]);
  at.box.discard(at.ids[0]); // it is under way: too late
  at.box.discard(at.ids[1]);
  assert.deepEqual(at.shown, ['one']);
});

test('a page that is loaded again finds what had no answer, and says none of it unasked', () => {
  const storage = new Map();
  outboxOver(storage).box.say('one');
  const at = outboxOver(storage);
  assert.deepEqual([at.shown, at.said], [['one: loaded-again'], []]);
  at.box.sayAgain(at.ids[0]);
  assert.deepEqual(at.said, ['one']);
  for (const nonsense of ['{', '7', '[1,null]', 'null']) assert.deepEqual(outboxOver(new Map([['box', nonsense]])).shown, [], nonsense);
});

test('an outbox is full at fifty, and a browser may refuse to keep it', () => {
  const at = outboxOver();
  for (let n = 0; n < 50; n++) assert.ok(at.box.say(`${n}`));
  assert.equal(at.box.say('one too many'), false);
  assert.equal(at.said.length, 50);
  const box = openOutbox({ publish: () => new Promise(() => {}), kept: keptIn(() => { throw new Error('refused'); }), key: 'k', changed() {}, settled() {} });
  assert.ok(box.say('one'));
});
