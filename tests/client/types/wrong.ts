// SPDX-License-Identifier: MIT
// What the types have to refuse: compiled by ../types.test.js, where a line that is taken is an error.

import godwit from '../../../web/client/godwit.js';

const g = godwit('/');
const c = g.channel('room');
// @ts-expect-error no such option
godwit('/', { usr: 'ann' });
// @ts-expect-error no such transport
godwit('/', { transports: ['pigeon'] });
// @ts-expect-error the class, not its name
godwit('/', { WebSocket: 'ws' });
// @ts-expect-error nothing that `new` could be said to
godwit('/', { WebSocket: () => ({}) });
// @ts-expect-error text, or what gives it
godwit('/', { token: 5 });
// @ts-expect-error text
godwit('/', { user: 5 });
// @ts-expect-error no such event
c.on('mesage', () => {});
// @ts-expect-error an event of channels
g.on('message', () => {});
// @ts-expect-error the user's name, not a message
c.on('join', (m) => m.text);
// @ts-expect-error no such state
g.on('state', ({ state }) => state === 'gone');
// @ts-expect-error nothing to say
c.publish();
// @ts-expect-error no text as JSON
c.publish(undefined);
// @ts-expect-error no text as JSON
c.publish(() => 1);
// @ts-expect-error no text as JSON
c.publish(Symbol('x'));
// @ts-expect-error no text as JSON
c.publish(10n);
// @ts-expect-error not waited for
c.publish(Promise.resolve('x'));
// @ts-expect-error no such option
c.publish('x', { evnt: 'say' });
// @ts-expect-error has no answer
(await c.publish('x', { volatile: true })).cursor;
// @ts-expect-error has no answer
(await g.send('ann', 'x', { volatile: true })).cursor;
// @ts-expect-error nothing to say
g.send('ann');
// @ts-expect-error which?
g.channel();
// @ts-expect-error no such option
g.channel('room', { from: 'a:1' });
// @ts-expect-error no such option
c.history({ before: 'a:1' });
// @ts-expect-error to be read
c.cursor = 'a:1';
// @ts-expect-error to be read
g.state = 'online';
