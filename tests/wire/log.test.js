// SPDX-License-Identifier: MIT
// What the program logs: a line for each event, on standard error, in logfmt.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/server.js';

test('every event is a line of its own', async () => {
  for (const command of ['echo', 'serve']) {
    const server = await startServer(command, ['--workers', '2']);
    await server.stop();
    const log = server.log();
    assert.ok(log.endsWith('\n'), log);
    const lines = log.trimEnd().split('\n');
    assert.ok(lines.length >= 2, log);
    for (const line of lines)
      assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warn|error) [a-z ]+( [a-z_]+=("[^"]*"|\S+))*$/);
  }
});
