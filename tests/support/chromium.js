// SPDX-License-Identifier: MIT
// Chromium as the tests run it: without a sandbox (they may run as root) and without what it does on its own.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const WHOLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
// The same engine without a window's frame and decoration. It costs half the processor time, which is most of what these tests take.
const SHELL = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell';

/** With `isWhole`, the browser as people have it, which also puts pages aside; otherwise its headless shell, where there is one. */
export function launchChromium({ isWhole = false, ...options } = {}) {
  return chromium.launch({
    executablePath: isWhole || !existsSync(SHELL) ? WHOLE : SHELL,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
    ...options,
  });
}

/** Ends a page as a fault of the browser does: nothing of it runs any more, and nobody is told. */
export async function crash(page) {
  const session = await page.context().newCDPSession(page);
  const crashed = new Promise((resolve) => { page.once('crash', resolve); });
  session.send('Page.crash').catch(() => {});
  await crashed;
}
