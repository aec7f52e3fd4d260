// SPDX-License-Identifier: MIT
// A page of one's own, served by `python3 -m http.server`, that takes the client from the server and talks to it: `--origin`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PYTHON } from '../support/program.js';
import { startServer } from '../support/server.js';
import { browsers } from '../support/tab.js';
import { ask } from '../support/talk.js';

const page = (server) => `<!doctype html>
<title>elsewhere</title>
<script type="module">
  import godwit from '${server}/client/godwit.js';
  const { as, transport } = Object.fromEntries(new URLSearchParams(location.search));
  globalThis.g = godwit('${server}/', { ...JSON.parse(as), transports: [transport] });
  const lobby = globalThis.lobby = g.channel('lobby-' + transport, { history: true });
  globalThis.heard = [];
  lobby.on('message', (m) => heard.push([m.from, m.text]));
  globalThis.done = lobby.publish('hello from ' + location.origin);
</script>
`;

let folder, files, site, undo = [];
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'godwit-page-'));
  files = spawn(PYTHON, ['-u', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', folder, '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => files.kill('SIGKILL'));
  site = await new Promise((resolve, reject) => {
    let said = '';
    files.once('close', () => reject(new Error(`http.server has ended: ${said}`)));
    files.stdout.on('data', (text) => { // to its end: who writes to nobody is killed
      said += text;
      const port = /port (\d+) /.exec(said)?.[1];
      if (port) resolve(`http://localhost:${port}`);
    });
  });
});
after(() => {
  files.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });

/** A server that knows the site (or not), and the page that speaks to it. */
async function serve(...args) {
  const server = await startServer('serve', args);
  undo.push(server.kill);
  writeFileSync(path.join(folder, 'index.html'), page(server.url));
  return server;
}

for (const [name, { launch, skip }] of Object.entries(browsers))
  test(`${name}: a page from elsewhere is a client by every transport`, { skip }, async () => {
    const browser = await launch();
    undo.push(browser.close);
    const context = await browser.newContext();
    const server = await serve('--origin', site);
    for (const transport of ['websocket', 'sse', 'longpoll'])
      for (const as of [{ user: 'ann' }, { token: 'ann' }]) {
        await ask(server, 'DELETE', `/channels/lobby-${transport}`);
        await ask(server, 'POST', `/channels/lobby-${transport}?user=bob`, { body: 'first' });
        const tab = await context.open(`${site}/?transport=${transport}&as=${encodeURIComponent(JSON.stringify(as))}`);
        const heard = await tab.evaluate(async () => {
          await done;
          await g.send('bob', 'for you'); // as the other end of a chat does, over HTTP too
          while (heard.length < 2) await new Promise((resolve) => { setTimeout(resolve, 10); });
          return [heard, g.transport];
        });
        assert.deepEqual(heard, [[['bob', 'first'], ['ann', `hello from ${site}`]], transport], JSON.stringify(as));
        await tab.close();
      }
    assert.equal((await ask(server, 'GET', '/metrics')).status, 200);
    const tab = await context.open(`${site}/?transport=sse&as={}`);
    const refused = await tab.evaluate(async (url) => Promise.all(['/metrics', '/users'].map((each) => fetch(url + each).then(() => 'read', () => 'refused'))), server.url);
    assert.deepEqual(refused, ['refused', 'refused'], 'the API');
  });

test('a page that no list names hears nothing, and is told', async () => {
  const browser = await browsers.Chromium.launch();
  undo.push(browser.close);
  const context = await browser.newContext();
  await serve('--origin', 'http://localhost:1');
  const tab = await context.open(`${site}/?transport=sse&as={}`);
  await tab.evaluate(() => new Promise((resolve) => { g.on('state', ({ retry }) => retry && resolve()); }));
  assert.deepEqual(await tab.evaluate(() => heard), []);
});
