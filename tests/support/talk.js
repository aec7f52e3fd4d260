// SPDX-License-Identifier: MIT
// What every test of `godwit serve` asks for: JSON over HTTP, and to wait for what no event tells.

import { LATE_MS } from './queue.js';

export const channelPath = (channel) => `/channels/${channel.split('/').map(encodeURIComponent).join('/')}`;

/** One request: {status, type, headers, body}; a JSON body comes as what it says. */
export async function ask(server, method, path, { body, headers = {} } = {}) {
  const answer = await fetch(server.url + path, { method, body, headers });
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  return { status: answer.status, type, headers: answer.headers, body: /json/.test(type) && text ? JSON.parse(text) : text };
}

/** Until `look` gives something true: for what no event tells, such as what the server does after a connection has gone. */
export async function eventually(look, what) {
  const deadline = Date.now() + LATE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come to be within ${LATE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The server has found that the session's connection is gone: until then it may give what comes to nobody. */
export const parked = (server, session) =>
  eventually(async () => (await ask(server, 'GET', `/sessions/${session}`)).body.connected === false, 'a parked session');
