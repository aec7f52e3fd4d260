// SPDX-License-Identifier: MIT
// The pages as the server sees them: the way to a folder, and what holds in their channels. How they work: tests/browser.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startServer } from '../support/server.js';
import { ask, channelPath } from '../support/talk.js';

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const folders = readdirSync(new URL('../../web/', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(new URL(`../../web/${entry.name}/`, import.meta.url)).includes('index.html'))
  .map(({ name }) => name);

let server;
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(() => server.stop());

/** A whole answer: a connection with something unread on it holds up the stop. */
async function answerTo(path, init) {
  const answer = await fetch(server.url + path, init);
  await answer.arrayBuffer();
  return answer;
}

test('a page is asked for by its folder, and is sent there with the query', async () => {
  assert.ok(folders.length >= 5, folders.join(' '));
  for (const name of folders) {
    const sent = await answerTo(`/${name}?room=a%20b&x=1`, { redirect: 'manual' });
    assert.deepEqual([sent.status, sent.headers.get('location')], [308, `/${name}/?room=a%20b&x=1`]);
    assert.equal((await answerTo(`/${name}`, { redirect: 'manual' })).headers.get('location'), `/${name}/`);
    const page = await answerTo(`/${name}?room=a`);
    assert.deepEqual([page.status, page.url], [200, `${server.url}/${name}/?room=a`]);
    assert.equal((await answerTo(`/${name}/index.html`)).status, 404);
    assert.equal((await answerTo(`/${name}`, { method: 'POST', redirect: 'manual' })).status, 405);
  }
  assert.equal((await answerTo('/design', { redirect: 'manual' })).status, 404); // a folder without a page
});

async function publish(at, channel, count) {
  for (let i = 1; i <= count; i += 1000) {
    const body = JSON.stringify(Array.from({ length: Math.min(1000, count - i + 1) }, (_, k) => ({ channel, text: String(i + k) })));
    assert.equal((await ask(at, 'POST', '/publish', { body })).status, 200);
  }
}
const kept = async (at, channel) => (await ask(at, 'GET', channelPath(channel))).body.publications.map(({ text }) => text);

/** The rules of src/server/pages.c: { pattern, options: {history, age, …} } */
const rules = [...read('src/server/pages.c').matchAll(/^ {4}"([^"=]+)=(.*)",$/gm)].map(([, pattern, options]) =>
  ({ pattern, text: `${pattern}=${options}`, options: Object.fromEntries(options.split(',').map((each) => each.split(':'))) }));

test('the channels of the pages have rules of their own, as the docs list them', async () => {
  assert.ok(rules.length >= 10);
  const told = [...read('docs/http.md').matchAll(/^ {4}--channel '(.*)'$/gm)].map(([, rule]) => rule);
  assert.deepEqual(told, rules.map(({ text }) => text));
  for (const { pattern, options } of rules) {
    if (options.history === undefined) continue;
    const channel = pattern.replace('*', 'x');
    const count = Number(options.history) + 5;
    await publish(server, channel, count);
    const expected = Array.from({ length: Number(options.history) }, (_, i) => String(i + 6));
    assert.deepEqual(await kept(server, channel), expected, pattern);
  }
});

test('a rule given for the same pattern takes the place of the page’s, one for all is inherited', async () => {
  const own = await startServer('serve', ['--channel', 'chat:*=history:3', '--channel', '*=history:2,presence:off']);
  await publish(own, 'chat:x', 9);
  assert.deepEqual(await kept(own, 'chat:x'), ['7', '8', '9']);
  await publish(own, 'quiz:x', 9);
  assert.equal((await kept(own, 'quiz:x')).length, 8); // its own history
  assert.equal((await ask(own, 'GET', '/channels/quiz:x/presence')).status, 404); // and everybody's presence
  assert.equal((await ask(server, 'GET', '/channels/quiz:x/presence')).status, 200);
  await publish(own, 'inbox:x', 9); // inboxes are not the pages' alone
  assert.deepEqual(await kept(own, 'inbox:x'), ['8', '9']);
  await own.stop();
});
