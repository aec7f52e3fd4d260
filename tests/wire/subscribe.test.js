// SPDX-License-Identifier: MIT
// `godwit subscribe` against servers made here, which misbehave on demand: what each transport makes of what it is told,
// when it comes back and where it goes on, and how it ends. What it does with the real server: subscribe_recovery.test.js.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { PYTHON, run, start } from '../support/program.js';
import { GODWIT } from '../support/server.js';

/**
 * A server whose answers come from `answer(request, response, n)` and, for WebSockets, `talk(socket, request, n)`; n counts
 * from 1. `asked` keeps the requests.
 */
async function fake(t, { answer, talk, protocol = 'godwit.v1' }) {
  const asked = [];
  const sockets = new Set();
  const peer = http.createServer((request, response) => {
    asked.push(request);
    answer(request, response, asked.length);
  });
  const wss = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has(protocol) && protocol });
  peer.on('upgrade', (request, socket, head) => {
    asked.push(request);
    wss.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {});
      talk(ws, request, asked.length);
    });
  });
  peer.on('connection', (socket) => { sockets.add(socket); socket.on('error', () => {}); });
  await new Promise((resolve) => peer.listen(0, '127.0.0.1', resolve));
  t.after(() => { sockets.forEach((socket) => socket.destroy()); peer.close(); });
  return { url: `http://127.0.0.1:${peer.address().port}`, asked, sockets };
}

const json = (response, value, status = 200, headers = {}) =>
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
const polled = (response, cursor, publications = [], more = {}) =>
  json(response, { channel: 'a', cursor, recovered: true, ...more, publications });
const stream = (response, type) => response.writeHead(200, { 'Content-Type': type, 'Godwit-Session': 'S', 'Godwit-Cursor': 'E:4' });
const after = (request) => new URL(request.url, 'http://x').searchParams.get('after');

/** Reads what a client of godwit.v1 says; `on(words, socket)` for each line. */
const listen = (socket, on) => socket.on('message', (data) => on(String(data).split(' '), socket));

test('sse: events become publications; a cut stream goes on from the last id', async (t) => {
  const peer = await fake(t, { answer: (request, response, n) => {
    stream(response, 'text/event-stream');
    if (n === 1) return response.write('retry: 10\n:\n', () => response.destroy());
    if (n === 2) {
      response.write(': hello\nretry: 10\n\nid: E:5\nevent: tick\ndata: one\ndata: two\n\nid: E:6\nda');
      return setImmediate(() => response.write('ta: three\n\n', () => response.destroy()));
    }
    return response.write('id: E:7\ndata: four\n\n');
  } });
  const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', '--transport', 'sse', '--format', 'json',
    '--count', '3', '--token', 'T', '--user', 'u', '--verbose']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').map(JSON.parse), [
    { channel: 'a', offset: 5, cursor: 'E:5', event: 'tick', text: 'one\ntwo' },
    { channel: 'a', offset: 6, cursor: 'E:6', text: 'three' },
    { channel: 'a', offset: 7, cursor: 'E:7', text: 'four' }]);
  assert.deepEqual(peer.asked.map(({ headers }) => headers['last-event-id']), [undefined, 'E:4', 'E:6']);
  assert.ok(peer.asked.every(({ headers, url }) => headers.authorization === 'Bearer T' && url.includes('user=u')));
  assert.match(stderr, /again in 0\.0 s/); // as the server's retry says
  assert.match(stderr, /session S/);
});

test('sse: a gap is told, and what follows is shown', async (t) => {
  const peer = await fake(t, { answer: (request, response) => {
    stream(response, 'text/event-stream');
    response.write('event: godwit.gap\ndata: {"recovered":false,"missed":9}\nid: F:1\n\nid: F:2\ndata: x\n\n');
  } });
  const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', '--transport', 'sse', '--count', '1', '--after', 'E:1']);
  assert.deepEqual([code, stdout], [0, 'x\n'], stderr);
  assert.match(stderr, /a: gap: 9 missed/);
  assert.equal(peer.asked.length, 1);
});

test('ndjson: lines become publications, blank ones and gaps do not', async (t) => {
  const peer = await fake(t, { answer: (request, response, n) => {
    stream(response, 'application/x-ndjson; charset=utf-8');
    if (n === 1) return response.write('\n', () => response.destroy());
    if (n > 2) return response.write('{"recovered":false,"cursor":"F:1"}\n{"offset":2,"cursor":"F:2","data":{"x":1.10}}\n');
    response.write('\n{"offset":5,"cursor":"E:5","time":"T","from":"ann","te');
    return setImmediate(() => response.write('xt":"one"}\r\n{"cursor":"E:6","base64":"/w=="}\n', () => response.destroy()));
  } });
  const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', '--transport', 'ndjson', '--count', '3', '--format', 'json',
    '--backoff', '5']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n'), [
    '{"channel":"a","offset":5,"cursor":"E:5","from":"ann","time":"T","text":"one"}',
    '{"channel":"a","offset":6,"cursor":"E:6","base64":"/w=="}',
    '{"channel":"a","offset":2,"cursor":"F:2","data":{"x":1.10}}']);
  assert.deepEqual(peer.asked.map(after), [null, 'E:4', 'E:6']);
  assert.match(stderr, /a: gap: publications missed/);
});

test('polls go on from the cursor, over one connection; a long poll asks to be held', async (t) => {
  for (const transport of ['poll', 'longpoll']) {
    const peer = await fake(t, { answer: (request, response, n) => {
      if (n === 1) polled(response, 'E:2', [{ cursor: 'E:1', text: 'one' }, { cursor: 'E:2', text: 'two' }]);
      else if (n === 2) polled(response, 'E:2');
      else polled(response, 'F:3', [{ cursor: 'F:3', text: 'three' }], { recovered: false });
    } });
    const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', '--transport', transport, '--interval', '5', '--count', '3']);
    assert.deepEqual([code, stdout], [0, 'one\ntwo\nthree\n'], stderr);
    assert.match(stderr, /gap/);
    assert.deepEqual(peer.asked.map(after), [null, 'E:2', 'E:2']);
    assert.ok(peer.asked.every(({ headers }) => headers.prefer === (transport === 'poll' ? undefined : 'wait=30')));
    assert.equal(peer.sockets.size, 1);
  }
});

test('raw: frames are counted from where a poll found the channel; after 4504 a poll tells what is kept', async (t) => {
  const kept = [{ cursor: 'F:1', text: 'kept one' }, { cursor: 'F:2', text: 'kept two' }];
  const peer = await fake(t, { protocol: '', answer: (request, response, n) => (n === 1 ? polled(response, 'E:4', [{ cursor: 'E:4', text: 'not asked for' }]) : polled(response, 'F:2', kept)),
    talk: (socket, request, n) => {
      if (n === 2) { socket.send('five'); socket.send(Buffer.from([255])); socket.terminate(); }
      if (n === 3) socket.close(4504, 'gone');
      if (n === 5) { socket.send(''); socket.terminate(); }
      if (n === 6) socket.send('last');
    } });
  const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', '--transport', 'raw', '--format', 'full', '--count', '6', '--backoff', '5']);
  const expected = ['E:5\t-\t-\tfive', 'E:6\t-\t-\t\ufffd', 'F:1\t-\t-\tkept one', 'F:2\t-\t-\tkept two', 'F:3\t-\t-\t', 'F:4\t-\t-\tlast'];
  assert.deepEqual([code, stdout], [0, expected.map((line) => `a\t${line}\n`).join('')], stderr);
  assert.deepEqual(peer.asked.map(after), [null, 'E:4', 'E:6', null, 'F:2', 'F:3']);
  assert.equal(stderr.match(/a: gap/g).length, 1);
});

test('raw: what is kept may be all that is wanted', async (t) => {
  const peer = await fake(t, { protocol: '', answer: (request, response) => polled(response, 'F:2', [{ cursor: 'F:1', text: 'one' }, { cursor: 'F:2', text: 'two' }]),
    talk: (socket) => socket.close(4504, 'gone') });
  const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', '--transport', 'raw', '--after', 'E:1', '--count', '1']);
  assert.deepEqual([code, stdout], [0, 'one\n'], stderr);
});

test('websocket: all channels on one connection, resumed where each stands', async (t) => {
  const said = [];
  const peer = await fake(t, { talk: (socket, request, n) => {
    socket.send(`welcome session=S${n === 1 ? 1 : 2} version=1 ping=25`);
    listen(socket, (words) => {
      said.push(words.join(' '));
      if (n === 1) socket.send(`subscribed ${words[1]} cursor=E:1 recovered=yes`);
      else if (words[1] === 'a') socket.send('subscribed a cursor=E:9 recovered=no missed=3');
      if (n === 1 && words[1] === 'b%20c') {
        socket.send('join a ann');
        socket.send('ok id=5');
        socket.send('msg a E:2 event=x%20y from=bob\none\nmore');
        socket.send(Buffer.from('msg b%20c E:2\n\xff', 'latin1'));
        setImmediate(() => socket.terminate());
      }
      if (n === 2 && words[1] === 'b%20c') {
        socket.send('leave a ann');
        socket.send('new-word a b\nc');
        socket.send('msg a E:9\nlast');
      }
    });
  } });
  const { code, stdout, stderr } = await run(['subscribe', peer.url, 'a', 'b c', '--format', 'json', '--count', '3', '--presence', '--verbose', '--backoff', '5']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').map(JSON.parse), [
    { channel: 'a', join: 'ann' },
    { channel: 'a', offset: 2, cursor: 'E:2', event: 'x y', from: 'bob', text: 'one\nmore' },
    { channel: 'b c', offset: 2, cursor: 'E:2', base64: '/w==' },
    { channel: 'a', leave: 'ann' },
    { channel: 'a', offset: 9, cursor: 'E:9', text: 'last' }]);
  assert.deepEqual(said, ['sub a', 'sub b%20c', 'sub a after=E:2', 'sub b%20c after=E:2']);
  assert.deepEqual(peer.asked.map(({ url }) => url), ['/ws', '/ws?session=S1']);
  assert.match(stderr, /a: gap: 3 missed/);
});

test('websocket: a cut before the first publication goes on from where it was subscribed', async (t) => {
  const said = [];
  const peer = await fake(t, { talk: (socket, request, n) => listen(socket, (words) => {
    said.push(words.join(' '));
    if (n === 1) { socket.send('subscribed a cursor=E:7 recovered=yes'); setImmediate(() => socket.terminate()); }
    if (n === 2) { socket.send('subscribed a cursor=E:7 recovered=yes'); setImmediate(() => socket.terminate()); }
    if (n === 3) socket.send('msg a E:8\nx');
  }) });
  const { code, stdout } = await run(['subscribe', peer.url, 'a', '--count', '1', '--backoff', '5']);
  assert.deepEqual([code, stdout], [0, 'x\n']);
  assert.deepEqual(said, ['sub a', 'sub a after=E:7', 'sub a after=E:7']);
});

test('websocket: bye says why and when; its codes are obeyed', async (t) => {
  const peer = await fake(t, { talk: (socket, request, n) => {
    if (n === 1) { socket.send('bye 4501 retry=20 draining'); socket.close(4501); }
    if (n === 2) { socket.send('bye 4403 retry=0 ended by the API'); socket.close(4403); }
  } });
  const { code, stderr } = await run(['subscribe', peer.url, 'a']);
  assert.equal(code, 1);
  assert.match(stderr, /4501 draining; again in 0\.0 s\n.*4403 ended by the API\n$/);
});

test('close codes end it or bring it back', async (t) => {
  const cases = [[1000, 0, 1], [4401, 1, 1], [4429, 1, 1], [1008, 1, 1], [1012, 0, 2], [4500, 0, 2]];
  for (const [closing, exit, tries] of cases) {
    const peer = await fake(t, { talk: (socket, request, n) => socket.close(n === 1 ? closing : 1000, 'why') });
    const { code, stderr } = await run(['subscribe', peer.url, 'a', '--backoff', '5']);
    assert.deepEqual([code, peer.asked.length], [exit, tries], `${closing}: ${stderr}`);
    if (closing !== 1000) assert.match(stderr, new RegExp(`closed by the server: ${closing}.* why`));
  }
});

test('an error of the server, or another protocol, ends it', async (t) => {
  const refusing = await fake(t, { talk: (socket) => listen(socket, () => socket.send('error 403 not-yours')) });
  const refused = await run(['subscribe', refusing.url, 'a']);
  assert.deepEqual([refused.code, /403: not yours/.test(refused.stderr)], [1, true], refused.stderr);
  const other = await fake(t, { protocol: 'x', talk: () => {} });
  const { code } = await run(['subscribe', other.url, 'a']);
  assert.equal(code, 1);
});

test('refusals over HTTP end it, troubles bring it back when the server says', async (t) => {
  const problem = { title: 'No', detail: 'not \u001b[1myou' };
  for (const transport of ['sse', 'ndjson', 'poll', 'longpoll']) {
    const peer = await fake(t, { answer: (request, response, n) => {
      if (n === 1 && transport.endsWith('poll')) return polled(response, 'E:1');
      if (n === 1) return stream(response, request.headers.accept).end();
      if (n === 2) return json(response, problem, 503, { 'Retry-After': '0' });
      return json(response, problem, 403);
    } });
    const { code, stderr } = await run(['subscribe', peer.url, 'a', '--transport', transport, '--interval', '1', '--backoff', '5']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /503: not \\x1b\[1myou; again in .*\n.*403: not \\x1b\[1myou\n$/);
  }
});

test('what is no Godwit server is told', async (t) => {
  const peer = await fake(t, { answer: (request, response) => response.end('hello'), protocol: 'x', talk: () => {} });
  for (const transport of ['sse', 'ndjson', 'poll', 'longpoll', 'raw']) {
    const { code, stderr } = await run(['subscribe', peer.url, 'a', '--transport', transport]);
    assert.deepEqual([code, /not a Godwit server|does not stream/.test(stderr)], [1, true], stderr);
  }
  const gone = await run(['subscribe', 'http://127.0.0.1:1', 'a']);
  assert.deepEqual([gone.code, /does a server listen there/.test(gone.stderr)], [1, true], gone.stderr);
});

test('--no-reconnect ends with the connection', async (t) => {
  const peer = await fake(t, { talk: (socket) => socket.terminate() });
  const { code, stderr } = await run(['subscribe', peer.url, 'a', '--no-reconnect']);
  assert.deepEqual([code, peer.asked.length, /cut/.test(stderr)], [1, 1, true], stderr);
});

test('a signal ends it in good order, with a Close', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    let closed;
    const end = new Promise((resolve) => { closed = resolve; });
    const peer = await fake(t, { talk: (socket) => {
      socket.on('close', closed);
      listen(socket, () => socket.send('msg a E:1\nx'));
    } });
    const child = start(['subscribe', peer.url, 'a']);
    await child.until('x\n');
    child.child.kill(signal);
    assert.equal((await child.ended).code, 0);
    assert.equal(await end, 1000);
  }
});

test('nobody reads any more: it ends quietly', async (t) => {
  const peer = await fake(t, { talk: (socket) => listen(socket, () => socket.send('msg a E:1\nx')) });
  const child = start(['subscribe', peer.url, 'a']);
  await child.until('x\n');
  child.child.stdout.destroy();
  const { code, stderr } = await child.ended;
  assert.deepEqual([code, stderr], [0, '']);
});

test('a line on standard error is one write, so that those of several programs do not mix', async () => {
  // a datagram socket keeps the writes apart
  const script = `
import socket, subprocess, sys
reads, writes = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
subprocess.run(sys.argv[1:], stderr=writes)
writes.close()
reads.setblocking(False)
try:
    while True: print(repr(reads.recv(65536)))
except OSError: pass`;
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', script, GODWIT, 'subscribe', 'http://127.0.0.1:1', 'a']);
  assert.match(stdout, /^b'godwit subscribe: http:.*\\n'\n$/);
});

test('bad usage is told as such', async () => {
  const url = 'http://127.0.0.1:1';
  const many = Array.from({ length: 129 }, (_, i) => `c${i}`);
  for (const args of [[], [url], ['nonsense', 'a'], [url, ''], [url, 'a', 'a'], [url, 'a', 'b', '--after', 'E:1'],
    [url, 'a', '--after', ''], [url, 'a', '--transport', 'x'], [url, 'a', '--format', 'x'], [url, 'a', '--count', '0'],
    [url, 'a', '--presence', '--transport', 'sse'], [url, ...many]]) {
    const { code, stderr } = await run(['subscribe', ...args]);
    assert.deepEqual([code, stderr.startsWith('godwit subscribe: ')], [2, true], `${args}: ${stderr}`);
  }
});
