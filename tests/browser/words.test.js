// SPDX-License-Identifier: MIT
// The parts of the page that are plain text and need no browser: how a message is written, and where a room is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelUrls, roomOf, terminalLines } from '../../web/room/address.js';
import { MAX_NAME, cleanName } from '../../web/design/name.js';
import { compose, describeBytes, parse, payloadOf } from '../../web/room/words.js';

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

test('text that names nobody stays whole', () => {
  const plain = ['hello', '', 'http://example.org', 'see http://x: y', 'a:b', ': x', ' : x', '{"a": 1}', '<b>: x', 'a\nb: c',
    `${'x'.repeat(MAX_NAME + 1)}: y`];
  for (const text of plain) assert.deepEqual(parse(text), { name: null, text });
});

test('a publication of a poll is what its frame would be', () => {
  assert.equal(payloadOf({ text: 'a' }), 'a');
  assert.equal(payloadOf({ text: '' }), '');
  assert.deepEqual(payloadOf({ base64: 'AP8Q' }), new Uint8Array([0, 255, 16]));
  assert.equal(payloadOf({ data: { a: [1, null] } }), '{"a":[1,null]}');
  assert.equal(payloadOf({ data: null }), 'null');
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

test('the lines for a terminal need no quoting, whatever the room is called', () => {
  const urls = channelUrls('https://chat.example:8443/?room=x', "a/b c'$(id)`;&|<>\"\\!*~ü");
  assert.match(urls.http, /^https:\/\/chat\.example:8443\/channels\/a\/[\w%.-]+$/);
  assert.equal(urls.ws, urls.http.replace('https', 'wss'));
  assert.equal(decodeURIComponent(urls.http).split('/channels/')[1], "a/b c'$(id)`;&|<>\"\\!*~ü");
  assert.deepEqual(terminalLines(channelUrls('http://localhost:8000/', 'lobby')), {
    say: "curl -d 'hello' http://localhost:8000/channels/lobby",
    read: 'curl http://localhost:8000/channels/lobby',
    talk: 'godwit connect ws://localhost:8000/channels/lobby',
  });
});
