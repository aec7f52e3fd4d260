// SPDX-License-Identifier: MIT
// What stands between a client and its server: a wire that can be cut, go dead, or let some things through only.

import net from 'node:net';

const KINDS = [['websocket', /^upgrade: *websocket/im], ['sse', /^accept: *text\/event-stream/im], ['longpoll', /^GET \S*[?&]wait=/m], ['post', /^POST /]];
const kindOf = (head) => KINDS.find(([, pattern]) => pattern.test(head))?.[0] ?? 'other';

/**
 * `server` may be started again meanwhile: { host, port } are looked at for each connection.
 * `rules[kind]` says what becomes of a request: 'refuse' (403), 'hang' (no answer comes), 'end' (it ends `endMs` after it began),
 * 'once' (its answer is lost, one time, and the connection with it).
 */
export async function between(server) {
  const pairs = new Set();
  const wire = {
    rules: {}, endMs: 50, seen: [], isDown: false,
    cut: () => pairs.forEach((pair) => pair.forEach((end) => end.resetAndDestroy())),
    /** From now on nothing passes, and nobody is told. */
    freeze: () => pairs.forEach(([near, far]) => [near, far].forEach((end) => { end.unpipe(); end.pause(); })),
    count: (kind) => wire.seen.filter((each) => each === kind).length,
    close: () => new Promise((resolve) => {
      listener.close(resolve);
      wire.cut();
    }),
  };

  function obey(rule, near, far, head) {
    if (rule === 'refuse') return near.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    if (rule === 'hang') return undefined;
    if (rule === 'end') setTimeout(() => near.destroy(), wire.endMs);
    far.write(head);
    if (rule !== 'once') return far.pipe(near);
    far.once('data', () => near.resetAndDestroy()).resume(); // on a connection that has been used it is paused
    return undefined;
  }

  const listener = net.createServer((near) => {
    if (wire.isDown) return near.resetAndDestroy();
    const far = net.connect(server.port, server.host);
    const pair = [near, far];
    pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => {
        pairs.delete(pair);
        pair.forEach((each) => each.destroy());
      });
    }
    let isHeld = false;
    near.on('data', (data) => {
      const head = data.toString('latin1');
      const isRequest = /^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(head);
      const kind = isRequest ? kindOf(head) : undefined;
      if (kind) wire.seen.push(kind);
      const rule = kind && wire.rules[kind];
      if (isHeld) return;
      if (!rule) {
        far.write(data);
        if (!far.listenerCount('data')) far.pipe(near);
        return;
      }
      isHeld = rule === 'hang' || rule === 'refuse';
      if (rule === 'once') delete wire.rules[kind];
      far.unpipe();
      obey(rule, near, far, data);
    });
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  wire.port = listener.address().port;
  wire.url = `http://127.0.0.1:${wire.port}`;
  return wire;
}
