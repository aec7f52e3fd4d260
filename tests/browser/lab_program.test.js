// SPDX-License-Identifier: MIT
// The lab's page with the lab itself: started from the page, real clients and real figures, in two windows that set and see the
// same; cuts with the cursor and without.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, browserTests, connection, shot } from '../support/browser.js';
import { Page as Watcher } from '../support/lab_watcher.js';

const { serve, open, undo } = browserTests();
const NAMES = ['poll', 'longpoll', 'ndjson', 'sse', 'websocket'];

const cell = (page, measure, transport) => page.locator(`#figures [data-measure="${measure}"] [data-transport="${transport}"] .value`);
const phase = (page, is) => page.locator(`#phase[data-is="${is}"]`).waitFor();
/** Until a figure of the table lies between two numbers. */
const until = (page, measure, transport, least, most = Infinity) => page.waitForFunction(([row, column, from, to]) => {
  const number = parseFloat(document.querySelector(`#figures [data-measure="${row}"] [data-transport="${column}"] .value`).textContent.replaceAll(',', ''));
  return number >= from && number <= to;
}, [measure, transport, least, most]);

async function set(page, label, presses, key) {
  const slider = page.getByLabel(label, { exact: true });
  await slider.focus();
  await slider.press(key === 'up' ? 'Home' : 'End');
  for (let i = 0; i < presses; i++) await slider.press(key === 'up' ? 'ArrowRight' : 'ArrowLeft');
}

test('the whole of it: started, watched, set, cut, stopped', async () => {
  const server = await serve();
  const page = await open(`${server.url}/lab/`);
  await connection(page, 'Connected');
  await page.getByRole('button', { name: 'Start' }).click();
  await phase(page, 'running');
  const other = await open(`${server.url}/lab/`);
  await phase(other, 'running');
  await other.getByText(/\d+ requests a second (for|fetch) \d+ deliveries/).first().waitFor();

  // As many clients as the slider says in each window, one of each window beside them.
  await set(other, 'Clients of each transport', 2, 'up');
  await set(other, 'Poll interval', 1, 'up');
  await page.locator('#set-clients[aria-valuetext="5"]').waitFor();
  for (const name of NAMES) await until(page, 'connections', name, 7, 7);
  await set(page, 'Messages', 6, 'up');
  await other.locator('#set-rate[aria-valuetext="20 a second"]').waitFor();
  await until(page, 'delivered', 'websocket', 200);
  for (const name of ['ndjson', 'sse', 'websocket']) await until(page, 'requests', name, 0, 1);
  await until(page, 'requests', 'poll', 10);
  assert.match(await cell(page, 'bytes', 'sse').textContent(), /^\d+ B$/);
  for (const name of NAMES) await page.locator(`#own [data-transport="${name}"] [data-measure="messages"] .value`, { hasText: /^[1-9]/ }).waitFor();

  const report = (name, words) => other.locator(`#cut-report [data-transport="${name}"]`, { hasText: words }).waitFor();
  const watcher = await Watcher.open(server); // who hears all figures: a window that is busy may pass over those of the cut
  undo(() => watcher.close());
  const cut = async () => {
    await page.getByRole('button', { name: 'Cut for 2 seconds' }).click();
    await watcher.figures((figures) => figures.phase === 'cut');
    await watcher.figures((figures) => figures.phase === 'running');
    await phase(other, 'running');
  };
  await cut();
  for (const name of NAMES) await report(name, /lost nothing: [\d,]+ recovered/);

  await page.getByLabel('Come back with the cursor').uncheck();
  await other.waitForFunction(() => !document.getElementById('cursor').checked);
  await until(page, 'recovered', 'sse', 0, 0); // another run
  await phase(page, 'running');
  for (const name of NAMES) await until(page, 'delivered', name, 20); // what will come twice
  await cut();
  for (const name of ['ndjson', 'sse', 'websocket']) await report(name, /lost [\d,]+, and nobody told it so/);
  for (const name of ['poll', 'longpoll']) await report(name, /lost nothing, but [\d,]+ came twice/);
  for (const name of ['ndjson', 'sse', 'websocket'])
    assert.ok(Number(await page.locator(`#own [data-transport="${name}"] [data-measure="lost"] .value`).textContent()) > 0, `${name} of this browser`);
  await accessible(page);
  await shot(page, 'lab-program');

  await other.getByRole('button', { name: 'Stop' }).click();
  await phase(page, 'resting');
  await page.locator('#own [data-transport="sse"] [data-measure="state"] .value', { hasText: 'off' }).waitFor();
});

test('a server that is killed takes its lab with it, and the page starts another', async () => {
  const first = await serve();
  const page = await open(`${first.url}/lab/`, { outage: true });
  await connection(page, 'Connected');
  await page.getByRole('button', { name: 'Start' }).click();
  await phase(page, 'running');
  await first.kill();
  await connection(page, 'Disconnected');
  assert.equal(await page.getByRole('button', { name: 'Stop' }).isDisabled(), true);
  await serve(['--listen', `${first.host}:${first.port}`]);
  await connection(page, 'Connected');
  await phase(page, 'gone');
  await page.getByRole('button', { name: 'Start again' }).click();
  await phase(page, 'running');
});
