// SPDX-License-Identifier: MIT
// What every page is held to, the entrance and whatever the header leads to: its policy, its weight, its way for a keyboard and
// a screen reader, phones, both colour schemes, and what it says when the server has gone.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PHONE, accessible, browserTests, connection, fits } from '../support/browser.js';
import { PAGES } from '../../web/design/shell.js';

const LOAD_MS = 1_000;
const NARROW = { width: 320, height: 640 }; // 1280 at 400 %: WCAG's reflow

const { serve, wireTo, open } = browserTests();

const pages = ['/', ...PAGES.map((name) => `/${name}/`)];

test('the header leads to every page there is', async () => {
  const web = new URL('../../web/', import.meta.url);
  const folders = readdirSync(web, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(new URL(`${entry.name}/`, web)).includes('index.html'))
    .map(({ name }) => `/${name}/`);
  const page = await open((await serve()).url);
  const hrefs = await page.locator('#bar nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.deepEqual([...hrefs].sort(), folders.sort());
  assert.deepEqual(['/', ...hrefs], pages);
});

const OWN = { '/': /^\/(room\/|design\/|client\/|[^/]*$)/ };
/** How one goes in where a page connects only then. */
const GO_IN = { '/quiz/': (page) => page.getByRole('button', { name: 'New quiz' }).click() };

/** A window on the page. What its policy forbids, and it tries, is a fault in the browser's console. */
async function visit(server, path, options) {
  const page = await open(server.url + path, options);
  if (!GO_IN[path]) await connection(page, 'Connected');
  return page;
}

async function goIn(page, path) {
  await GO_IN[path]?.(page);
  await connection(page, 'Connected');
}

for (const path of pages) {
  test(`${path} is served under a strict policy, and all that it loads is ours, packed, and asked for again by its tag`, async () => {
    const server = await serve();
    const loaded = [];
    const page = await visit(server, path, {
      prepare: (target) => target.on('response', (answer) => { if (answer.request().resourceType() !== 'fetch') loaded.push(answer); }),
    });
    const policy = loaded[0].headers()['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*(?!(;|\s|$))|data:|blob:/);

    assert.ok(loaded.length > 5, `${loaded.length}`);
    for (const answer of loaded) {
      const url = answer.url();
      assert.ok(url.startsWith(`${server.url}/`), url);
      assert.match(url.slice(server.url.length), OWN[path] ?? new RegExp(`^(${path}|/design/|/client/|/[^/]*$)`)); // nothing of another page
      const { etag, 'cache-control': keep } = answer.headers();
      assert.deepEqual([answer.status(), keep], [200, 'no-cache'], url);
      const again = await fetch(url, { headers: { 'if-none-match': etag, 'accept-encoding': 'gzip' } });
      assert.equal(again.status, 304, url);
      const plain = Buffer.from(await (await fetch(url, { headers: { 'accept-encoding': 'identity' } })).arrayBuffer());
      const isPacked = answer.headers()['content-encoding'] === 'gzip';
      assert.equal(isPacked, gzipSync(plain, { level: 9 }).length < plain.length, url);
    }

    // What is needed to begin is named in the head: it comes in one round, not module by module.
    const html = await (await fetch(server.url + path)).text();
    const early = await page.evaluate(() => {
      const [{ domContentLoadedEventStart: begin }] = performance.getEntriesByType('navigation');
      return performance.getEntriesByType('resource').filter(({ name, startTime }) => name.endsWith('.js') && startTime < begin)
        .map(({ name }) => new URL(name).pathname);
    });
    assert.deepEqual(early.filter((name) => !html.includes(`"${name}"`)), []);
  });

  test(`${path} can be used within a second, with nothing kept from before`, async () => {
    const server = await serve();
    const times = [];
    for (let round = 0; round < 6 && Math.min(...times) >= LOAD_MS || !times.length; round++) {
      const page = await open(server.url + path, { outage: true }); // it is closed before it has connected
      // Modules run before this event: what they put on the page is there.
      times.push(await page.evaluate(() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd));
      assert.ok(await page.getByRole('heading', { level: 1 }).isVisible());
      assert.ok(await page.locator('main :is(a, button, input, textarea, select):visible:enabled').count() > 0);
    }
    assert.ok(Math.min(...times) < LOAD_MS, `${times.map(Math.round)} ms`);
  });

  test(`${path} says what it is and where one is; the first Tab leads past the header; colours that were chosen stay`, async () => {
    const server = await serve();
    const page = await visit(server, path, { colorScheme: 'light' });
    assert.match(await page.title(), path === '/' ? /^Godwit/ : /^\S.* · Godwit$/);
    const h1 = page.getByRole('heading', { level: 1 }); // of those that are not hidden
    assert.equal(await h1.count(), 1);
    assert.notEqual((await h1.textContent()).trim(), '');
    assert.match(await page.locator('meta[name="description"]').getAttribute('content'), /\w{3,}/);
    assert.match(await page.locator('html').getAttribute('lang'), /^(en|ko)$/);
    const current = await page.locator('#bar [aria-current="page"]').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.deepEqual(current, [path]);

    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement.matches('a.skip') && document.activeElement.getBoundingClientRect().top >= 0));
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement.matches('main *')));

    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: /^(Colours|색상)/ }).click(); // light
    await page.getByRole('button', { name: /^(Colours|색상)/ }).click(); // dark
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    if (!GO_IN[path]) await connection(page, 'Connected');
    assert.equal(await ground(), dark);
  });

  test(`${path} has nothing that axe finds, light and dark, and fits a phone`, async () => {
    const server = await serve();
    const page = await visit(server, path, { colorScheme: 'light' });
    await accessible(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await accessible(page);
    for (const viewport of [PHONE, NARROW]) {
      await page.setViewportSize(viewport);
      await fits(page);
    }
    await accessible(page);
    await page.emulateMedia({ colorScheme: 'light' });
    await accessible(page);
  });

  test(`${path} says that the server has gone, and comes back with it`, async () => {
    const server = await serve();
    const page = await visit(server, path, { outage: true });
    await goIn(page, path);
    await server.kill();
    await connection(page, 'Disconnected');
    await page.locator('.lost', { hasText: /The connection is lost\..*Trying again/ }).waitFor();
    await accessible(page);
    await page.setViewportSize(PHONE);
    await fits(page);
    await serve(['--listen', `${server.host}:${server.port}`]);
    await page.locator('#retry').evaluate((button) => button.click());
    await connection(page, 'Connected');
    await page.locator('.lost').waitFor({ state: 'hidden' });
  });

  test(`${path} goes on where WebSockets are blocked`, async () => {
    const server = await serve();
    const wire = await wireTo(server);
    wire.rules = { websocket: 'refuse' };
    const page = await visit(wire, path, { outage: true });
    await goIn(page, path);
    assert.match(await page.locator('#state-how').textContent(), /SSE|long polling/);
  });

  test(`${path} says that it needs JavaScript where there is none`, async () => {
    const server = await serve();
    const page = await open(server.url + path, { javaScriptEnabled: false });
    const said = await page.locator('main noscript').evaluate((node) => [node.innerText, node.getBoundingClientRect().height]);
    assert.match(said[0], /JavaScript/);
    assert.ok(said[1] > 0);
  });
}
