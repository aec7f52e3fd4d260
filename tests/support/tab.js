// SPDX-License-Identifier: MIT
// Windows of Chromium and Firefox, both with the same words, and the client in one of them.

import { crash, launchChromium } from './chromium.js';
import { hasFirefox, launchFirefox } from './firefox.js';

export const QUICK = { backoff: 50, ceiling: 200, timeout: 6000, tick: 200, climb: 100, early: 400 };

async function openChromium() {
  const browser = await launchChromium({ isWhole: true, ignoreDefaultArgs: ['--disable-back-forward-cache'] }); // as people have it
  return {
    async newContext() {
      const context = await browser.newContext();
      return {
        async open(url) {
          const page = await context.newPage();
          await page.goto(url);
          page.crash = () => crash(page);
          page.back = () => page.goBack({ waitUntil: 'commit' }); // a page that was put aside is shown again, not loaded
          return page;
        },
        setOffline: (isOffline) => context.setOffline(isOffline),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}

/** {launch, skip} by name; `launch()` gives { newContext, close }, that { open, setOffline, close }, and a window { evaluate, reload, close }. */
export const browsers = {
  Chromium: { launch: openChromium, skip: false },
  Firefox: { launch: launchFirefox, skip: !hasFirefox && 'Firefox is not installed' },
};

/** A page of the server (plain text, and one that a browser may put aside) in which a client hears a channel. */
export async function join(context, url, channel, options = {}) {
  const page = await context.open(`${url}/client/godwit.js`);
  const run = async ({ channel: name, options: how }) => {
    const { default: godwit } = await import('/client/godwit.js');
    const g = globalThis.g = godwit('/', how);
    const room = globalThis.room = g.channel(name);
    const told = globalThis.told = { states: [], texts: [], gaps: [], recovered: 0, direct: [], shown: [] };
    g.on('state', ({ state }) => told.states.push(state));
    g.on('direct', (m) => told.direct.push(m.text));
    room.on('message', (m) => told.texts.push(m.text));
    room.on('gap', ({ missed }) => told.gaps.push(missed ?? null));
    room.on('recovered', () => { told.recovered += 1; });
    addEventListener('pageshow', ({ persisted }) => told.shown.push(persisted));
    globalThis.until = async (take, what) => {
      for (const late = Date.now() + 15_000; !take();) {
        if (Date.now() > late) throw new Error(`${what} did not come; ${g.state} ${g.transport} ${JSON.stringify(told)}`);
        await new Promise((resolve) => { setTimeout(resolve, 10); });
      }
    };
    await until(() => g.state === 'online' && room.cursor, 'the channel');
  };
  await page.evaluate(run, { channel, options: { ...QUICK, ...options } });
  const told = () => page.evaluate(() => told);
  return {
    page,
    told,
    publish: (...texts) => page.evaluate(async (list) => { await Promise.all(list.map((text) => room.publish(text))); }, texts),
    /** Publishes, and does not wait. */
    begin: (...texts) => page.evaluate((list) => { globalThis.pending = Promise.all([globalThis.pending, ...list.map((text) => room.publish(text))]); }, texts),
    finish: () => page.evaluate(async () => { await pending; }),
    online: (transport) => page.evaluate((name) => until(() => g.state === 'online' && (!name || g.transport === name), `online ${name}`), transport),
    lost: () => page.evaluate(() => until(() => g.state !== 'online', 'the loss')),
    transport: () => page.evaluate(() => g.transport),
    async texts(n) {
      await page.evaluate((count) => until(() => told.texts.length >= count, `message ${count}`), n);
      return (await told()).texts;
    },
  };
}
