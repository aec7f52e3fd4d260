// SPDX-License-Identifier: MIT
// What the tests of the pages speak in: a server, windows of Chromium on it, a wire between that can be cut; and what every
// page is held to: no fault in the browser's console, an accessibility check, a look at it (screenshots go to build/screenshots).

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { between } from './between.js';
import { launchChromium } from './chromium.js';
import { startServer } from './server.js';

const SHOTS = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const LEFT = /WebSocket is closed before the connection is established/; // by a page that is left while it connects
const OUTAGE = /net::ERR_|WebSocket connection to .* failed|Failed to load resource/; // what a browser itself logs while a server is away

export const PHONE = { width: 390, height: 844 };
export const LAPTOP = { width: 1280, height: 720 };
export const DESKTOP = { width: 1440, height: 900 };

/** Ends what a test has made, the last first. */
async function end(undo) {
  const failures = []; // one does not leave a server running, which would keep the process
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length) throw failures[0];
}

/** A test, and the end of what it has made; what fails first is told. */
async function runAndEnd(run, undo) {
  try {
    await run();
  } catch (error) {
    await end(undo).catch(() => {});
    throw error;
  }
  await end(undo);
}

/** Registers the hooks of a test file, and gives it its words. What a test makes is ended after it. */
export function browserTests() {
  let browser;
  const made = []; // by the test that runs
  const mine = new AsyncLocalStorage(); // by each of those that run at the same time
  const undo = { push: (step) => (mine.getStore() ?? made).push(step) };
  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    browser = await launchChromium();
  });
  after(() => browser?.close());
  afterEach(() => end(made));

  /** A `test` of which so many run at once: where they mostly wait for what takes its time. */
  function atOnce(concurrency) {
    const tests = [];
    queueMicrotask(() => describe(`${concurrency} at once`, { concurrency }, () => {
      for (const [name, run] of tests) test(name, () => mine.run([], () => runAndEnd(run, mine.getStore())));
    }));
    return (name, run) => { tests.push([name, run]); };
  }

  async function serve(args = []) {
    const server = await startServer('serve', args);
    undo.push(server.kill);
    return server;
  }

  /** A wire to the server (between.js). */
  async function wireTo(server) {
    const wire = await between(server);
    undo.push(wire.close);
    return wire;
  }

  /**
   * A window with a browser's memory of its own. What the browser logs as a fault fails the test; with `outage`, except that the
   * server cannot be reached. `name`: the visitor's; `prepare` gets the page before it is loaded.
   */
  async function open(url, { name, outage = false, prepare, ...options } = {}) {
    const context = await browser.newContext({ viewport: LAPTOP, ...options });
    context.setDefaultTimeout(15_000);
    if (name) await context.addInitScript((value) => sessionStorage.getItem('godwit.name') ?? sessionStorage.setItem('godwit.name', value), name);
    const page = await context.newPage();
    const faults = watch(page, outage);
    undo.push(async () => {
      await context.close();
      assert.deepEqual(faults, [], 'the browser logged faults');
    });
    await prepare?.(page);
    await page.goto(url);
    return page;
  }

  return { serve, wireTo, open, undo: undo.push, atOnce };
}

function watch(page, outage) {
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (entry) => {
    const isExpected = LEFT.test(entry.text()) || (outage && OUTAGE.test(entry.text()));
    if (['error', 'warning'].includes(entry.type()) && !isExpected) faults.push(entry.text());
  });
  return faults;
}

/** Waits for the words in which the page tells of its connection: Connected, Disconnected, Offline … */
export const connection = (page, words) => page.locator('#bar .state', { hasText: words }).waitFor();

export const shot = (page, name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });

/** Fails with every finding that axe has against the page as it is now (WCAG 2.2 A and AA, and its best practices). */
export async function accessible(page) {
  // Through the debugger, which no content security policy holds up.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const violations = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(violations, []);
}

/** Nothing is wider than the window. */
export async function fits(page) {
  const [inner, wide] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  assert.ok(wide <= inner, `the page is ${wide} wide in a window of ${inner}`);
}
