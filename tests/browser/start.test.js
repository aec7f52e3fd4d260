// SPDX-License-Identifier: MIT
// "From zero to a live page" (docs/start.md), as somebody follows it: its page, made of its own lines and served from elsewhere, in
// two windows, with a terminal beside them and the server stopped in the middle.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { browserTests } from '../support/browser.js';
import { startServer } from '../support/server.js';

const { open, undo } = browserTests();
const text = readFileSync(new URL('../../docs/start.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([block]) => block.replace(/^ {4}/gm, '').trim());
const block = (start) => blocks.find((each) => each.startsWith(start));
const hear = "room.on('message'";
const bash = (script) => promisify(execFile)('bash', ['-c', script], { timeout: 30_000 });
let page = '';

before(() => {
  const more = [block('const show ='), block("g.on('direct'"), block("g.on('state', ({ state, retry })")];
  page = block('<!doctype html>');
  assert.ok(page.includes(hear) && more.every(Boolean), 'the blocks of docs/start.md');
  page = page.replace('</script>', `${more.join('\n')}\n</script>`);
});

/** The page on a server of its own, as step 2 has it; gives its origin. */
async function servePage(body) {
  const site = http.createServer((request, answer) => answer.setHeader('content-type', 'text/html').end(body()));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  undo(() => new Promise((resolve) => site.close(resolve)));
  return `http://127.0.0.1:${site.address().port}`;
}

const visit = (origin, name) => open(origin, {
  outage: true, // the page has no icon, and the server goes away
  prepare: (window) => window.on('dialog', (dialog) => (dialog.type() === 'prompt' ? dialog.accept(name) : window.emit('told', dialog.message(), dialog.accept()))),
});
const item = (window, words) => window.locator('#list li', { hasText: words }).waitFor();
const items = (window) => window.locator('#list li').allTextContents();

async function say(window, words) {
  await window.fill('[name=text]', words);
  await window.press('[name=text]', 'Enter');
}

test('the page of docs/start.md is live', async () => {
  let server;
  const origin = await servePage(() => page.replaceAll('localhost:8000', `127.0.0.1:${server.port}`));
  server = await startServer('serve', ['--origin', origin]);
  undo(() => server.kill());
  const typed = (curl) => bash(curl.replaceAll('localhost:8000', `127.0.0.1:${server.port}`));

  const ann = await visit(origin, 'ann');
  await say(ann, 'first');
  await item(ann, 'ann: first');
  const bo = await visit(origin, 'bo');
  await item(bo, 'ann: first');
  await say(bo, 'second');
  await item(ann, 'bo: second');
  await ann.locator('#here', { hasText: /ann.*bo|bo.*ann/ }).waitFor();

  const [post, read, stream] = block("curl -d 'the build").split('\n');
  await typed(post);
  await Promise.all([item(ann, 'someone: the build is green'), item(bo, 'someone: the build is green')]);
  assert.match((await typed(read)).stdout, /the build is green/);
  await assert.rejects(typed(stream), { code: 28 }); // curl's own end of a stream
  const told = new Promise((resolve) => ann.once('told', resolve));
  await typed(block("curl -d 'for you alone'"));
  assert.equal(await told, 'for you alone');

  const { host, port } = server;
  await server.stop('SIGINT');
  await ann.waitForFunction(() => /^again in \d+ s$/.test(document.title));
  await say(ann, 'while it was away');
  server = await startServer('serve', ['--origin', origin, '--listen', `${host}:${port}`]);
  await item(bo, 'ann: while it was away');
  await ann.waitForFunction(() => document.title === 'Live');
  await item(ann, 'ann: while it was away');
  for (const window of [ann, bo])
    assert.deepEqual(await items(window), ['ann: first', 'bo: second', 'someone: the build is green', 'ann: while it was away']);

  await bo.close();
  await ann.locator('#here', { hasText: /^ann$/ }).waitFor();
});
