// SPDX-License-Identifier: MIT
// Event names: whose they are.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { ask } from '../support/talk.js';

let server;
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

test('nobody speaks with the server\'s own event names, whichever way in', async () => {
  for (const event of ['godwit.gap', 'godwit.', 'godwit.anything']) {
    for (const path of ['/channels/voice', '/users/ann']) {
      const { status, type } = await ask(server, 'POST', `${path}?event=${event}`, { body: '{"recovered":false}' });
      assert.deepEqual([status, type], [400, 'application/problem+json'], path);
    }
    const { body } = await ask(server, 'POST', '/publish', {
      body: JSON.stringify([{ channel: 'voice', event, text: 'x' }, { user: 'ann', event, text: 'x' }]),
    });
    assert.deepEqual(body.map(({ status }) => status), [400, 400]);
    const talker = await Talker.open(server);
    talker.say(`pub voice event=${event} id=1\nx`);
    assert.match((await talker.next(/ id=1 /)).line, /^error 400 /);
    talker.say(`to ann event=godwit%2Egap id=2\nx`);
    assert.match((await talker.next(/ id=2 /)).line, /^error 400 /);
    await talker.close();
  }
  assert.deepEqual((await ask(server, 'GET', '/channels/voice')).body.publications, []);
  assert.deepEqual((await ask(server, 'GET', '/channels/inbox:ann')).body.publications, []);
});

test('names that only look like them are anybody\'s', async () => {
  for (const event of ['godwit', 'godwits.gap', 'my.godwit.gap', 'Godwit.gap'])
    assert.equal((await ask(server, 'POST', `/channels/others?event=${event}`, { body: 'x' })).status, 201, event);
});
