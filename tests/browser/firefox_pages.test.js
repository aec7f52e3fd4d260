// SPDX-License-Identifier: MIT
// The pages in Firefox, a quick pass over each in two windows: all else of them is tried in Chromium.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasFirefox, launchFirefox } from '../support/firefox.js';
import { startServer } from '../support/server.js';

describe('Firefox', { skip: !hasFirefox && 'Firefox is not installed' }, () => {
  let browser, server, undo = [];
  before(async () => {
    server = await startServer('serve', ['--workers', '2']);
    browser = await launchFirefox();
  });
  after(async () => {
    await browser?.close();
    await server.kill();
  });
  afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });

  /** A window of somebody else's, connected; what it logs as a fault fails the test. */
  async function open(path, { isConnected = true } = {}) {
    const context = await browser.newContext();
    undo.push(context.close);
    const page = await context.open(`${server.url}${path}`, { type: 'window' });
    undo.push(() => assert.deepEqual(page.faults, [], `Firefox logged faults on ${path}`));
    if (isConnected) await until(page, () => document.documentElement.dataset.connection === 'online');
    return page;
  }

  /** Looks in the page until it is so, and gives what it saw. Between two pages there is nothing to look at. */
  async function until(page, look, argument) {
    for (const late = Date.now() + 15_000; ;) {
      let fault;
      const seen = await page.evaluate(look, argument).catch((error) => { fault = error; });
      if (seen) return seen;
      if (Date.now() > late) throw fault ?? new Error(`not seen: ${look}; the page says: ${await page.evaluate(() => document.body.innerText)}`);
      await sleep(30);
    }
  }

  test('start: what one says, the other hears', async () => {
    const [ann, ben] = [await open('/'), await open('/')];
    await ann.evaluate(() => {
      document.querySelector('#message').value = 'from Firefox';
      document.querySelector('#message').form.requestSubmit();
    });
    for (const page of [ann, ben]) await until(page, () => document.querySelector('main').innerText.includes('from Firefox'));
  });

  test('chat: a message, and who is there', async () => {
    const [ann, ben] = [await open('/chat/'), await open('/chat/')];
    const name = await ann.evaluate(() => document.querySelector('#name').value);
    await until(ben, (who) => document.querySelector('#people').innerText.includes(who), name);
    await ann.evaluate(() => {
      document.querySelector('#message').value = '**hello** <b>Ben</b> 안녕';
      document.querySelector('#message').form.requestSubmit();
    });
    for (const page of [ann, ben]) await until(page, () => [...document.querySelectorAll('.message:not(.pending) .text')].at(-1)?.textContent === '**hello** <b>Ben</b> 안녕');
    await ben.reload();
    await until(ben, () => document.querySelector('.message .text')?.textContent.endsWith('안녕'));
  });

  test('quiz: a question comes alive, and the host’s bars grow', async () => {
    const host = await open('/quiz/', { isConnected: false });
    await host.evaluate(() => document.querySelector('#new-quiz').click());
    const code = await until(host, () => document.documentElement.dataset.connection === 'online' && new URL(location).searchParams.get('host'));
    const player = await open(`/quiz/?join=${code}`, { isConnected: false });
    await player.evaluate(() => document.querySelector('#join-code').form.requestSubmit());
    await until(player, () => document.documentElement.dataset.connection === 'online');
    await until(host, () => document.querySelector('#people-count').textContent === '1');
    await until(host, () => !document.querySelector('#go').disabled);
    await host.evaluate(() => document.querySelector('#go').click());
    await until(player, () => document.querySelector('#submit')?.disabled === false);
    await player.evaluate(() => {
      document.querySelector('#options input').click();
      document.querySelector('#submit').click();
    });
    await until(player, () => document.querySelector('#play-said').textContent.includes('Your answer is in'));
    await until(host, () => [...document.querySelectorAll('#bars .bar')].some((bar) => bar.textContent.endsWith('1 answer')));
  });

  test('ticker: the prices move in both windows', async () => {
    const pages = [await open('/ticker/'), await open('/ticker/')];
    const prices = () => document.querySelectorAll('#rows tr').length && document.querySelector('#rows').textContent;
    for (const page of pages) {
      const before = await until(page, prices);
      await until(page, (text) => document.querySelector('#rows').textContent !== text, before);
    }
  });

  test('map: one is seen by the other, until they leave', async () => {
    const [ann, ben] = [await open('/map/'), await open('/map/')];
    const name = await ann.evaluate(() => document.querySelector('#name').value);
    await until(ben, (who) => document.querySelector('#figures').textContent.includes(who), name);
    await until(ben, (who) => document.querySelector('#people').textContent.includes(who), name);
    const placeOf = (who) => [...document.querySelectorAll('#figures .figure')].find((node) => node.textContent.includes(who))?.style.transform.match(/[\d.]+/g).map(Number);
    for (const [mover, other] of [[ann, ben], [ben, ann]]) { // one of the two windows covers the other
      const who = await mover.evaluate(() => document.querySelector('#name').value);
      const [x, y] = await until(other, placeOf, who);
      const [dx, dy] = [x > 200 ? -48 : 48, y > 200 ? -48 : 48];
      for (const key of [dx < 0 ? 'ArrowLeft' : 'ArrowRight', dy < 0 ? 'ArrowUp' : 'ArrowDown'])
        await mover.evaluate((arrow) => [1, 2].forEach(() => document.querySelector('#stage').dispatchEvent(new KeyboardEvent('keydown', { key: arrow, bubbles: true, cancelable: true }))), key);
      for (const late = Date.now() + 15_000; ;) {
        const [h, v] = await other.evaluate(placeOf, who);
        if (Math.hypot(h - x - dx, v - y - dy) < 1) break;
        assert.ok(Date.now() < late, `${who} went from ${[x, y]} by ${[dx, dy]}, and is seen at ${[h, v]}`);
      }
    }
    await ann.close();
    await until(ben, (who) => !document.querySelector('#figures').textContent.includes(who), name);
    await until(ben, () => document.querySelector('#rate').textContent === '1 update'); // the own sign of life
  });
});
