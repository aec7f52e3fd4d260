// SPDX-License-Identifier: MIT
// `godwit bench --transport`: what a subscriber of each kind says and counts, against a server that speaks all of them
// in a few lines, so that each can also be seen to misbehave.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { measure } from '../support/bench.js';
import { run } from '../support/program.js';
import { startServer } from '../support/server.js';

const closing = [];

after(() => Promise.all(closing.map((close) => close())));

/** One channel; what a POST brings, everyone gets. `change` may spoil the payload. */
async function server(change = (text) => text) {
  const hearers = new Set();
  const heard = { sub: [], users: new Set() };
  const history = [];
  const publish = (text) => {
    const cursor = `e:${history.length + 1}`;
    history.push({ cursor, text: change(text) });
    for (const hear of [...hearers]) hear(change(text), cursor);
  };
  const ways = {
    'text/event-stream': (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
      hearers.add((text, cursor) => response.write(`id: ${cursor}\ndata: ${text}\n\n`));
    },
    'application/x-ndjson': (response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('\n');
      hearers.add((text, cursor) => response.write(`${JSON.stringify({ cursor, text })}\n`));
    },
    'application/json': (response, request) => {
      const after = new URL(request.url, 'http://x').searchParams.get('after');
      const since = after ? Number(after.slice(2)) : history.length;
      const answer = () => {
        hearers.delete(answer);
        response.setHeader('content-type', 'application/json; charset=utf-8');
        response.end(JSON.stringify({ cursor: `e:${history.length}`, publications: history.slice(since) }));
      };
      if (!after || since < history.length) return answer();
      assert.match(request.headers.prefer, /^wait=\d+$/);
      hearers.add(answer);
    },
  };
  const web = http.createServer((request, response) => {
    if (request.method === 'GET') return (ways[request.headers.accept] ?? (() => response.end()))(response, request);
    const body = [];
    request.on('data', (data) => body.push(data)).on('end', () => {
      response.writeHead(201).end();
      publish(String(Buffer.concat(body)));
    });
  });
  const sockets = new WebSocketServer({ server: web });
  sockets.on('connection', (socket, request) => {
    const hear = (write) => hearers.add((text, cursor) => socket.send(write(text, cursor)));
    heard.users.add(new URL(request.url, 'http://x').searchParams.get('user'));
    socket.on('error', () => {});
    if (request.url.startsWith('/socket.io/')) {
      socket.send('0{"sid":"a","pingInterval":25000}');
      socket.once('message', (data) => {
        assert.equal(String(data), '40');
        socket.send('40{"sid":"b"}');
        hear((text, cursor) => `42${JSON.stringify(['message', text, cursor])}`);
        socket.on('message', (event) => publish(JSON.parse(String(event).slice(2))[1]));
      });
    } else {
      socket.send('welcome session=s version=1 ping=25');
      const subscribe = (channel) => {
        socket.send(`subscribed ${channel} cursor=e:${history.length} recovered=yes`);
        socket.send(`join ${channel} kim`);
        hear((text, cursor) => `msg ${channel} ${cursor}\n${text}`);
      };
      if (request.url.startsWith('/channels/')) subscribe('x');
      socket.on('message', (data) => {
        const [, verb, channel, body] = /^(\w+) (\S+)\n?(.*)$/s.exec(String(data));
        if (verb === 'pub') return publish(body);
        heard.sub.push(channel);
        subscribe(channel);
      });
    }
  });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    sockets.clients.forEach((client) => client.terminate());
    web.close();
    web.closeAllConnections();
  });
  const at = `127.0.0.1:${web.address().port}`;
  return { ws: `ws://${at}`, post: ['--publish-url', `http://${at}/channels/x`], heard };
}

async function bench(url, ...options) {
  const { code, stdout, stderr } = await measure([url, '--connections', '6', '--json', ...options]);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.ok(report.messages > 0 && report.errors === 0, stdout);
  return report;
}

for (const name of ['sse', 'ndjson', 'longpoll', 'godwit']) {
  test(`${name}: a fan-out counts each delivery`, async () => {
    const { ws, post } = await server();
    const report = await bench(`${ws}/channels/x`, '--mode', 'fanout', '--transport', name, ...post);
    assert.ok(report.last_latency_us.p50 >= report.latency_us.p50 && report.latency_us.p50 > 0);
    assert.equal((await bench(`${ws}/channels/x`, '--mode', 'idle', '--hold', '0.1', '--transport', name)).messages, 6);
  });
}

test('godwit and socketio publish as they hear', async () => {
  const { ws } = await server();
  await bench(`${ws}/channels/x`, '--mode', 'fanout', '--in-flight', '3', '--transport', 'godwit');
  await bench(`${ws}/socket.io/?EIO=4&transport=websocket`, '--mode', 'fanout', '--transport', 'socketio');
});

test('godwit subscribes to --channel, and each connection has its own name', async () => {
  const { ws, heard } = await server();
  await bench(`${ws}/ws?user=u{n}`, '--mode', 'idle', '--hold', '0.1', '--transport', 'godwit', '--channel', 'c{n/4}');
  assert.deepEqual(heard.sub.sort(), ['c0', 'c0', 'c0', 'c0', 'c1', 'c1']);
  assert.deepEqual([...heard.users].sort(), ['u1', 'u2', 'u3', 'u4', 'u5', 'u6']);
});

test('several transports are reported one by one', async () => {
  const { ws, post } = await server();
  const report = await bench(`${ws}/channels/x`, '--mode', 'fanout', '--transport', 'godwit,sse,ndjson', ...post);
  assert.deepEqual(Object.keys(report.transports), ['godwit', 'sse', 'ndjson']);
  const sum = Object.values(report.transports).reduce((all, one) => all + one.messages, 0);
  assert.equal(sum, report.messages);
  const table = /by godwit( +\d+\.\d){6}\n {2} {2}by sse/;
  await measure([`${ws}/channels/x`, '--connections', '6', '--mode', 'fanout', '--transport', 'godwit,sse', ...post], (stdout) => table.test(stdout));
});

test('Godwit speaks all of them, and goes on beside a slow reader', async () => {
  const channels = await startServer('serve');
  const all = ['raw', 'godwit', 'sse', 'ndjson', 'longpoll'];
  try {
    const { transports } = await bench(`${channels.ws}/channels/all?user=u{n}`, '--mode', 'fanout', '--connections', '20',
      '--transport', all.join(), '--publish-url', `${channels.url}/channels/all`);
    assert.ok(all.every((name) => transports[name].messages > 0), JSON.stringify(transports));
    await bench(`${channels.ws}/ws?user=u{n}`, '--mode', 'fanout', '--transport', 'godwit', '--channel', 'x');
    await bench(`${channels.ws}/channels/x`, '--mode', 'fanout', '--slow', '2');
  } finally {
    await channels.kill();
  }
});

test('what is not there, or wrong, is told', async () => {
  const { ws, post } = await server((text) => (text[0] === '?' ? '!' : '?') + text.slice(1));
  const told = async (why, url, ...options) => {
    const { code, stderr } = await run(['bench', url, '--warmup', '50', '--connections', '6', ...options]);
    assert.deepEqual([code, why.test(stderr)], [1, true], stderr);
  };
  await told(/not what was sent/, `${ws}/channels/x`, '--mode', 'fanout', '--transport', 'godwit', ...post);
  const channels = await startServer('echo');
  try {
    await told(/does not agree on the subprotocol/, `${channels.ws}/`, '--mode', 'idle', '--transport', 'godwit');
    await told(/answered 4\d\d to sse|does not answer with text\/event-stream/, `${channels.ws}/`, '--mode', 'idle',
      '--transport', 'sse');
  } finally {
    await channels.kill();
  }
});

test('transports that cannot be meant are bad usage', async () => {
  for (const args of [['--transport', 'x'], ['--transport', 'sse'], ['--transport', 'sse', '--mode', 'fanout'],
    ['--transport', 'godwit', '--mode', 'fanout', '--deflate'], ['--transport', 'godwit', '--mode', 'fanout', '--size', '3'],
    ['--transport', 'godwit', '--mode', 'fanout', '--payload', 'binary'], ['--slow', '1'], ['--takeover'],
    ['--mode', 'fanout', '--connections', '3', '--slow', '3'], ['--mode', 'fanout', '--slow', '1', '--publish-url', 'http://a/'], ['--channel', 'a{m}']]) {
    const { code, stderr } = await run(['bench', 'ws://127.0.0.1:1/', ...args]);
    assert.deepEqual([code, stderr.startsWith('godwit bench: ')], [2, true], `${args}: ${stderr}`);
  }
  const { code } = await run(['bench', 'ws://127.0.0.1:1/{x}', '--mode', 'idle']);
  assert.equal(code, 2);
});
