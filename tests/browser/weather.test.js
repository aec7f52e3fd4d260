// SPDX-License-Identifier: MIT
// What a page lives through: a strict content security policy, a frame that may store nothing, the way back in the browser, a
// proxy that ends WebSockets, a network that comes and goes, a page that sleeps.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { between } from '../support/between.js';
import { frontOf } from '../support/front.js';
import { startServer } from '../support/server.js';
import { eventually } from '../support/talk.js';
import { browsers, join } from '../support/tab.js';

let server, undo = [], rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '2', '--origin', '*']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });

const fresh = () => `weather-${++rooms}`;
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

async function post(channel, body) {
  assert.equal((await fetch(`${server.url}/channels/${channel}`, { method: 'POST', body })).status, 201);
}

async function wireTo() {
  const wire = await between(server);
  undo.push(wire.close);
  return wire;
}

async function front(files) {
  const made = await frontOf(server, files);
  undo.push(made.close);
  return made;
}

const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'";
const strict = {
  '/strict.html': { type: 'text/html', headers: { 'Content-Security-Policy': POLICY }, body: '<!doctype html><title>strict</title><script src="/watch.js"></script><script type="module" src="/page.js"></script>' },
  '/watch.js': { type: 'text/javascript', body: `
    globalThis.violations = [];
    addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective + ' ' + event.blockedURI));` },
  '/page.js': { type: 'text/javascript', body: `
    import godwit from '/client/godwit.js';
    const { transport, channel } = Object.fromEntries(new URLSearchParams(location.search));
    const g = globalThis.g = godwit('/', { user: 'ann-' + channel, transports: [transport] });
    const room = g.channel(channel, { history: true });
    const heard = (emitter, what) => new Promise((resolve) => { emitter.on(what, resolve); });
    globalThis.done = (async () => {
      const message = heard(room, 'message'), direct = heard(g, 'direct');
      await room.publish({ bytes: 1 });
      await room.publish(new Uint8Array([0, 255]));
      await g.send(g.user ?? 'ann-' + channel, 'for me');
      let users = [];
      while (!users.length) ({ users } = await room.presence()); // over long polling one is there a moment later
      const { messages } = await room.history();
      return [(await message).json().bytes, (await direct).text, users.length, messages.length, g.transport];
    })();` },
};

// Its parent hears what it tells.
const framed = {
  '/parent.html': { type: 'text/html', body: `<!doctype html><title>parent</title>
    <script>globalThis.told = []; addEventListener('message', ({ data }) => told.push(data));</script>
    <iframe sandbox="allow-scripts" src="/frame.html"></iframe>` },
  '/frame.html': { type: 'text/html', body: `<!doctype html><title>frame</title><script type="module">
    import godwit from '/client/godwit.js';
    const room = godwit(location.origin === 'null' ? new URL('/', location.href).href : '/', { user: 'ann' }).channel('framed');
    room.on('message', (m) => parent.postMessage(m.text, '*'));
    await room.publish('from a frame');
  </script>` },
};

for (const [name, { launch, skip }] of Object.entries(browsers)) {
  describe(name, { skip }, () => {
    let browser;
    before(async () => { browser = await launch(); });
    after(() => browser?.close());
    async function newContext() {
      const context = await browser.newContext();
      undo.push(context.close);
      return context;
    }

    for (const transport of ['websocket', 'sse', 'longpoll'])
      test(`${transport}: everything works under a strict content security policy`, async () => {
        const { url } = await front(strict);
        const context = await newContext();
        const page = await context.open(`${url}/strict.html?transport=${transport}&channel=${fresh()}`);
        assert.deepEqual(await page.evaluate(() => done), [1, 'for me', 1, 2, transport]);
        const violations = await page.evaluate(() => globalThis.violations);
        assert.deepEqual(violations.filter((each) => !each.endsWith('/favicon.ico')), []); // a wish of the browser's own
        // Were there one, it would be seen.
        const seen = await page.evaluate(async () => {
          const violation = new Promise((resolve) => { addEventListener('securitypolicyviolation', resolve); });
          fetch('http://127.0.0.1:1/').catch(() => {});
          return (await violation).effectiveDirective;
        });
        assert.equal(seen, 'connect-src');
      });

    test('a sandboxed frame, which may hold no lock, is a client too', async () => {
      const { url } = await front(framed);
      const context = await newContext();
      const page = await context.open(`${url}/parent.html`);
      const told = await page.evaluate(async () => {
        while (!told.length) await new Promise((resolve) => { setTimeout(resolve, 10); });
        return told;
      });
      assert.deepEqual(told, ['from a frame']);
    });

    test('a proxy ends each WebSocket after a while: it goes over to SSE, and nothing is lost meanwhile', async () => {
      const channel = fresh();
      const wire = await wireTo();
      Object.assign(wire, { rules: { websocket: 'end' }, endMs: 300 });
      // However late a busy machine is: all of them die early, and what answers late is no way that is blocked.
      const ann = await join(await newContext(), wire.url, channel, { early: 60_000, climb: 60_000 });
      const deadline = Date.now() + 30_000;
      let n = 0;
      while ((await ann.transport()) !== 'sse') {
        assert.ok(Date.now() < deadline, 'it does not go over to SSE');
        await post(channel, String(++n));
        await ann.begin(String(++n));
        await ann.finish();
      }
      await ann.online('sse');
      const before = wire.count('websocket');
      // On a busy machine the proxy may end one before it was welcomed: that alone is enough too.
      assert.ok(before <= 3, 'three times is enough');
      await post(channel, String(++n));
      assert.deepEqual(await ann.texts(n), numbers(1, n));
      assert.deepEqual((await ann.told()).gaps, []);
      assert.equal(wire.count('websocket'), before);
    });

    test('a network that comes and goes: each message once, and one connection in the end', async () => {
      const channel = fresh();
      const wire = await wireTo();
      const context = await newContext();
      const ann = await join(context, wire.url, channel, { user: channel });
      for (let i = 0; i < 12; i++) {
        wire.isDown = true;
        wire.cut();
        await context.setOffline(true);
        await ann.begin(`own ${i}`);
        await post(channel, `other ${i}`);
        if (i % 3 === 2) await ann.lost();
        wire.isDown = false;
        await context.setOffline(false);
        if (i % 4 === 3) await ann.online();
      }
      await ann.finish();
      const texts = await ann.texts(24);
      assert.deepEqual([...texts].sort(), Array.from({ length: 12 }, (_, i) => [`other ${i}`, `own ${i}`]).flat().sort());
      assert.deepEqual(texts.filter((text) => text.startsWith('own')), Array.from({ length: 12 }, (_, i) => `own ${i}`));
      assert.deepEqual((await ann.told()).gaps, []);
      const connections = async () => (await (await fetch(`${server.url}/users/${channel}`)).json()).sessions.filter(({ connected }) => connected).length;
      await eventually(async () => await connections() === 1, 'one connection');
    });
  });
}

describe('Chromium alone', () => {
  let browser;
  before(async () => { browser = await browsers.Chromium.launch(); });
  after(() => browser?.close());
  async function newContext() {
    const context = await browser.newContext();
    undo.push(context.close);
    return context;
  }

  for (const share of [true, false])
    test(`the way back brings a page as it was left, and what it missed${share ? '' : ' (alone)'}`, async () => {
      const channel = fresh();
      const ann = await join(await newContext(), server.url, channel, { user: channel, share });
      await ann.publish('1');
      await ann.texts(1);
      await ann.page.goto(`${server.url}/icon.svg`);
      await post(channel, '2');
      await ann.page.back();
      assert.deepEqual(await ann.texts(2), numbers(1, 2));
      await ann.publish('3');
      assert.deepEqual(await ann.texts(3), numbers(1, 3));
      const { shown, gaps } = await ann.told();
      assert.deepEqual([shown, gaps], [[true], []], 'it was put aside, not loaded again');
    });

  test('a page that the browser has frozen hears all of it when it is thawed', async () => {
    const channel = fresh();
    const wire = await wireTo();
    const ann = await join(await newContext(), wire.url, channel);
    const session = await ann.page.context().newCDPSession(ann.page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await post(channel, '1');
    wire.cut();
    await post(channel, '2');
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    assert.deepEqual(await ann.texts(2), numbers(1, 2));
    assert.deepEqual((await ann.told()).gaps, []);
  });

  test('after an hour of sleep it asks at once whether its connection is still there', async () => {
    const channel = fresh();
    const wire = await wireTo();
    const context = await newContext();
    const open = async (url) => {
      const page = await context.open(url);
      await page.clock.install();
      return page;
    };
    const ann = await join({ open }, wire.url, channel, { tick: 5000, timeout: 6000 });
    wire.freeze(); // the other end has long forgotten
    await post(channel, '1');
    await ann.page.clock.fastForward(3600e3);
    const { length } = (await ann.told()).states;
    const knows = async () => (await ann.told()).states.length > length;
    for (let i = 0; i < 100 && !await knows(); i++) await ann.page.clock.runFor(200);
    assert.ok(await knows(), 'in 20 s of its time it has not asked');
    assert.deepEqual(await ann.texts(1), ['1']);
    assert.deepEqual((await ann.told()).gaps, []);
  });
});
