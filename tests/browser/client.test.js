// SPDX-License-Identifier: MIT
// The client in real browsers, Chromium and Firefox: the network off, the server killed and started again, WebSockets blocked,
// tabs that share a connection and the leading one closed, crashed or loaded again.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { between } from '../support/between.js';
import { startServer } from '../support/server.js';
import { browsers, join } from '../support/tab.js';

let server, undo = [], rooms = 0;
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });

async function wireTo(target = server) {
  const wire = await between(target);
  undo.push(wire.close);
  return wire;
}

async function post(channel, body, at = server) {
  const answer = await fetch(`${at.url}/channels/${channel}`, { method: 'POST', body });
  assert.equal(answer.status, 201);
}

async function kept(channel) {
  return (await (await fetch(`${server.url}/channels/${channel}`)).json()).publications.map(({ text }) => text);
}

async function connections(user) {
  const { sessions } = await (await fetch(`${server.url}/users/${user}`)).json();
  return sessions.filter(({ connected }) => connected).length;
}

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

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
    const fresh = () => `browser-${++rooms}`;

    for (const transport of ['websocket', 'sse', 'longpoll']) {
      test(`${transport}: both ways, bytes and a direct message`, async () => {
        const channel = fresh(), user = `ann-${rooms}`;
        const ann = await join(await newContext(), server.url, channel, { user, transports: [transport] });
        await ann.publish('1', 'zwei ü\r\n');
        assert.deepEqual(await ann.texts(2), ['1', 'zwei ü\r\n']);
        const bytes = await ann.page.evaluate(async (to) => {
          const heard = new Promise((resolve) => { room.on('message', ({ data }) => resolve([...data])); });
          await room.publish(new Uint8Array([0, 10, 255]));
          await g.send(to, 'for you');
          await until(() => told.direct.length, 'the direct message');
          return heard;
        }, user);
        assert.deepEqual(bytes, [0, 10, 255]);
        assert.equal(await ann.transport(), transport);
      });
    }

    test('the network is off and on again: nothing is lost, and what was written meanwhile goes out once', async () => {
      const channel = fresh();
      const context = await newContext();
      const wire = await wireTo();
      const ann = await join(context, wire.url, channel, { timeout: 2500 }); // Chromium lets a WebSocket hang that is begun offline
      await ann.publish('1');
      wire.freeze(); // a connection that was open stays so for all that anybody is told
      wire.isDown = true;
      await context.setOffline(true);
      await ann.lost();
      await ann.begin('3', '4');
      await post(channel, '2');
      wire.isDown = false;
      await context.setOffline(false);
      await ann.finish();
      assert.deepEqual(await ann.texts(4), numbers(1, 4));
      assert.deepEqual(await kept(channel), numbers(1, 4));
      const { gaps, recovered } = await ann.told();
      assert.deepEqual([gaps, recovered], [[], 1]);
    });

    test('the server is killed and started again: the gap is told, and it goes on', async () => {
      const channel = fresh();
      let own = await startServer('serve');
      const wire = await wireTo({ get host() { return own.host; }, get port() { return own.port; } });
      const ann = await join(await newContext(), wire.url, channel);
      await ann.publish('1');
      await own.kill();
      await ann.lost();
      await ann.begin('2');
      own = await startServer('serve');
      undo.unshift(() => own.kill());
      await ann.finish();
      await post(channel, '3', own);
      assert.deepEqual(await ann.texts(3), numbers(1, 3));
      assert.deepEqual((await ann.told()).gaps, [null]);
    });

    test('WebSockets are blocked, then streams too, then nothing is', async () => {
      const channel = fresh();
      const wire = await wireTo();
      wire.rules = { websocket: 'refuse' };
      const context = await newContext();
      const ann = await join(context, wire.url, channel, { climb: 20, timeout: 2500 });
      await ann.online('sse');
      await post(channel, '1');
      await ann.texts(1);
      wire.rules = { websocket: 'refuse', sse: 'hang' };
      wire.cut();
      await ann.online('longpoll');
      await post(channel, '2');
      await ann.texts(2);
      wire.rules = {};
      await ann.online('websocket');
      await ann.publish('3');
      assert.deepEqual(await ann.texts(3), numbers(1, 3));
      assert.deepEqual((await ann.told()).gaps, []);
    });

    test('a page that was put aside and is shown again goes on where it was', async () => {
      const channel = fresh();
      const context = await newContext();
      const first = await join(context, server.url, channel);
      const second = await join(context, server.url, channel);
      await first.page.evaluate(() => { dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })); });
      await second.publish('1', '2'); // the other leads now
      await first.page.evaluate(() => { dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); });
      assert.deepEqual(await first.texts(2), ['1', '2']);
      await first.publish('3');
      assert.deepEqual(await second.texts(3), numbers(1, 3));
      assert.deepEqual([(await first.told()).gaps, (await second.told()).texts], [[], numbers(1, 3)]);
    });

    test('tabs share a connection; the leading one is closed, loaded again or gone in mid-stream', async () => {
      const channel = fresh(), user = `ann-${rooms}`;
      const context = await newContext();
      const tabs = [];
      for (let i = 0; i < 4; i++) tabs.push(await join(context, server.url, channel, { user }));
      assert.equal(await connections(user), 1);
      const last = tabs.at(-1);
      for (let i = 1; i <= 12; i++) {
        if (i === 3) await tabs[0].page.close();
        if (i === 6) await tabs[1].page.reload();
        if (i === 9) await (tabs[2].page.crash ?? tabs[2].page.close)();
        await last.begin(`a${i}`);
        await post(channel, `b${i}`);
      }
      await last.publish('end');
      const order = await kept(channel);
      assert.deepEqual([...order].sort(), [...numbers(1, 12).flatMap((i) => [`a${i}`, `b${i}`]), 'end'].sort());
      assert.deepEqual(await last.texts(25), order);
      assert.deepEqual((await last.told()).gaps, []);
      assert.equal(await connections(user), 1);
    });
  });
}
