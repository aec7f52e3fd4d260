// SPDX-License-Identifier: MIT
// POST /publish: many publications in one request, each answered in its place.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../support/server.js';
import { ask, channelPath } from '../support/talk.js';

let server;
let rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '3', '--max-message', '1000']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

const fresh = () => `batch/${++rooms}`;
const publish = (body) => ask(server, 'POST', '/publish', { body: typeof body === 'string' ? body : JSON.stringify(body) });
const poll = async (channel) => (await ask(server, 'GET', channelPath(channel))).body.publications;
const payloads = async (channel) => (await poll(channel)).map(({ offset, cursor, time, ...rest }) => rest);

test('each is answered in its place, and is published as what it is', async () => {
  const [one, two] = [fresh(), fresh()];
  const { status, type, body } = await publish([
    { channel: one, data: { a: [1, 2] }, event: 'news flash' },
    { channel: two, text: 'grüß "dich"\n\u0000' },
    { user: 'ann', base64: 'AP8KgA==' },
    { channel: one, data: 'a string', idempotency_key: 'k1' },
    { channel: one, data: 'a string', idempotency_key: 'k1' },
    { channel: one, data: null },
  ]);
  assert.equal(status, 200);
  assert.match(type, /^application\/json/);
  assert.deepEqual(body.map((answer) => Object.keys(answer)[0]), ['channel', 'channel', 'user', 'channel', 'channel', 'channel']);
  assert.deepEqual(body.map(({ channel, user }) => channel ?? user), [one, two, 'ann', one, one, one]);
  assert.deepEqual(body.map(({ duplicate }) => duplicate), [false, false, false, false, true, false]);
  assert.deepEqual(body.map(({ cursor }) => cursor.split(':')[1]), ['1', '1', '1', '2', '2', '3']);
  assert.deepEqual(await payloads(one), [{ event: 'news flash', data: { a: [1, 2] } }, { data: 'a string' }, { data: null }]);
  assert.deepEqual(await payloads(two), [{ text: 'grüß "dich"\n\u0000' }]);
  assert.deepEqual(await payloads('inbox:ann'), [{ base64: 'AP8KgA==' }]);
});

test('data keeps every digit, and loses its blanks only', async () => {
  const channel = fresh();
  const data = '{ "n" : [ 12345678901234567890123 , 0.1, -1e400 ],\n\t"s" : " a \\" b " }';
  assert.equal((await publish(`[{"channel":"${channel}","data":${data}}]`)).status, 400); // 1e400 is more than a number can be
  const fits = data.replace('-1e400', '-1e-7');
  assert.equal((await publish(`[{"channel":"${channel}","data":${fits}}]`)).status, 200);
  const answer = await fetch(server.url + channelPath(channel));
  assert.ok((await answer.text()).includes('"data":{"n":[12345678901234567890123,0.1,-1e-7],"s":" a \\" b "}}'));
});

test('what goes to one channel keeps its order', async () => {
  const channels = Array.from({ length: 10 }, fresh);
  const items = Array.from({ length: 1000 }, (_, i) => ({ channel: channels[i % 10], text: String(i) }));
  const { body } = await publish(items);
  assert.deepEqual(body.map(({ channel }) => channel), items.map(({ channel }) => channel));
  for (const [i, channel] of channels.entries())
    assert.deepEqual((await poll(channel)).map(({ text }) => text), Array.from({ length: 100 }, (_, n) => String(n * 10 + i)));
});

test('one that cannot be taken is a problem in its place, and stops none of the others', async () => {
  const channel = fresh();
  const wrong = [
    7, [], null, {}, { channel }, { text: 'x' }, { channel, user: 'ann', text: 'x' }, { channel: 5, text: 'x' }, { channel: '/x', text: 'x' },
    { channel: '', text: 'x' }, { user: 'a\nb', text: 'x' }, { channel, text: 7 }, { channel, base64: 'A' }, { channel, text: 'x', data: 1 },
    { channel, text: 'x', event: '' }, { channel, text: 'x', event: 'a\nb' }, { channel, text: 'x', idempotency_key: '' },
    { channel, text: 'x', idempotency_key: 'k'.repeat(256) }, { user: 'u'.repeat(129), text: 'x' },
  ];
  const items = [{ channel, text: 'first' }, ...wrong, { channel, text: 'y'.repeat(1001) }, { channel, text: 'last', more: ['is passed', 'over'] }];
  const { status, body } = await publish(items);
  assert.equal(status, 200);
  assert.equal(body.length, items.length);
  for (const [i, item] of wrong.entries()) {
    assert.equal(body[i + 1].status, 400, JSON.stringify(item));
    assert.deepEqual(Object.keys(body[i + 1]), ['title', 'status', 'detail']);
  }
  assert.equal(body.at(-2).status, 413);
  assert.deepEqual((await poll(channel)).map(({ text }) => text), ['first', 'last']);
});

test('a member that is there twice is refused, whichever way it is written', async () => {
  const channel = fresh();
  const { body } = await publish(`[{"channel":"${channel}","text":"a","te\\u0078t":"b"},{"ch\\u0061nnel":"${channel}","text":"c"}]`);
  assert.equal(body[0].status, 400);
  assert.equal(body[1].channel, channel);
  assert.deepEqual((await poll(channel)).map(({ text }) => text), ['c']);
});

test('a body that is no array of JSON is refused whole', async () => {
  const channel = fresh();
  const item = JSON.stringify({ channel, text: 'x' });
  for (const body of ['', 'x', '{}', item, `[${item},]`, `[${item}`, `[${item}] x`, '"[]"', '[{"channel":"\\ud800","text":"x"}]', `[${'['.repeat(5000)}`]) {
    const answer = await publish(body);
    assert.equal(answer.status, 400, body);
    assert.equal(answer.type, 'application/problem+json');
  }
  assert.deepEqual(await poll(channel), []);
  assert.deepEqual((await publish([])).body, []);
});

test('limits: 1,000 publications, 1 MiB', async () => {
  const channel = fresh();
  assert.equal((await publish(Array.from({ length: 1001 }, () => ({ channel, text: '' })))).status, 413);
  const many = Array.from({ length: 1000 }, () => ({ channel, text: 'x'.repeat(1000) }));
  const size = JSON.stringify(many).length;
  assert.ok(size > 1_000_000 && size < 1 << 20, String(size));
  const { status, body } = await publish(many);
  assert.equal(status, 200);
  assert.equal(body.at(-1).cursor.split(':')[1], '1000');
  assert.equal((await publish(`[${' '.repeat(1 << 20)}]`)).status, 413);
});

test('only POST, and from no other site', async () => {
  const get = await ask(server, 'GET', '/publish');
  assert.equal(get.status, 405);
  assert.deepEqual(get.headers.get('allow').split(', ').sort(), ['OPTIONS', 'POST']);
  assert.equal((await ask(server, 'POST', '/publish', { body: '[]', headers: { Origin: 'https://evil.example' } })).status, 403);
});
