// SPDX-License-Identifier: MIT
// Everything that docs/client.md names, as one would use it. Compiled by ../types.test.js, never run.

import godwit, { type Client, type Message, type Problem, type Transport } from '../../../web/client/godwit.js';

const order = ['sse', 'longpoll'] as const;
class Own {
  constructor(url: string) {
    void url;
  }
}
const g: Client = godwit('/', {
  user: 'ann', token: async () => 'secret', transports: order, share: false, inbox: 'a:1', queue: 3, WebSocket: Own, fetch,
  timeout: 1, backoff: 1, ceiling: 1, early: 1, climb: 1, tick: 1,
});
godwit();
godwit('/', { token: 'secret', WebSocket });
godwit('/', { token: () => 'secret' });

const off: () => void = g.on('state', ({ state, transport, retry, code, reason }) => {
  const through: Transport | undefined = transport;
  void [state === 'offline', through, retry?.toFixed(), code?.toFixed(), reason?.trim()];
});
off();
g.on('direct', (m: Message) => m.text);
g.on('gap', ({ missed, cursor }) => (missed ?? 0) + cursor.length);
g.on('recovered', ({ cursor }) => cursor.length);
g.on('error', ({ code, reason }: Problem) => code + reason.length);
void [g.state, g.transport, g.code, g.user, g.session];

const c = g.channel('room', { after: 'a:1', history: true });
c.on('message', (m) => {
  const data: string | Uint8Array = m.data;
  void [data, m.text.trim(), m.json().any, m.json<{ answer: number }>().answer, m.event?.trim(), m.from?.trim(), m.cursor.trim(), m.time?.trim(), m.channel];
});
c.on('join', (user) => user.trim());
c.on('leave', (user) => user.trim());
c.on('gap', ({ missed, cursor }) => (missed ?? 0) + cursor.length);
c.on('recovered', ({ cursor }) => cursor.length);
c.on('error', ({ code, reason }) => code + reason.length);

interface Board { price: number }
const board: Board = { price: 1 };
for (const data of ['text', new Uint8Array(2), new ArrayBuffer(2), { answer: 42 }, board, [1, 2], new Date(), 3, true, null]) void c.publish(data);
const { cursor } = await c.publish({ answer: 42 }, { event: 'answer' });
const sent = await g.send('ben', 'hello', { event: 'say' });
await c.publish('now', { volatile: true });
const { users, count, sessions } = await c.presence();
const { messages, cursor: at, recovered, missed } = await c.history({ after: cursor, limit: 3 });
void [sent.cursor.trim(), users.map(({ user, sessions: of, since }) => user + of + since), count + sessions, messages[0]?.text, at, recovered, missed?.toFixed()];
void [c.name, c.cursor?.trim()];
c.close();
await c.open();
g.close();
