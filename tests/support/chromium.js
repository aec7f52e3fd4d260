// SPDX-License-Identifier: MIT
// Chromium as the tests run it: without a sandbox (they may run as root) and without what it does on its own.

import { chromium } from 'playwright-core';

export function launchChromium(options) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
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
