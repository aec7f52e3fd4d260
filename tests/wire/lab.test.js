// SPDX-License-Identifier: MIT
// `godwit lab`: what a page asks for happens, and its figures are true.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { Page, descendants, lives } from '../support/lab_watcher.js';
import { run, start } from '../support/program.js';
import { LATE_MS } from '../support/queue.js';
import { startServer } from '../support/server.js';
import { ask, eventually } from '../support/talk.js';
import { Peer } from '../support/wire.js';

const NAMES = ['poll', 'longpoll', 'ndjson', 'sse', 'websocket'];
// a sanitizer's allocator tells nothing
const TELLS_MEMORY = !/\b[at]san\b/.test(process.env.GODWIT_BUILD ?? '');
const PUSHED = ['ndjson', 'sse', 'websocket'];

let server, page;
before(async () => {
  server = await startServer('serve', ['--workers', '2']);
  page = await Page.open(server);
  assert.equal(await page.begin(), 202);
});
after(async () => {
  await page?.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

const running = (figures) => figures.phase === 'running';
/** Waits for the run that this begins; stops what was before. */
async function runWith(set) {
  page.say({ stop: true });
  const { run: last } = await page.figures((f) => f.phase === 'resting');
  page.say({ set, start: true });
  return page.figures((f) => f.run > last && running(f) && f.sent > (set.rate ?? 5));
}
/** All but the last third of a second has come, or is known to be lost. */
const settled = (f) => (name) =>
  f[name].messages + f[name].lost >= (f.sent - f.settings.rate / 3) * f.settings.clients;

test('it runs once, rests at first, and has a port for each transport', async () => {
  const figures = await page.figures();
  assert.equal(await page.begin(), 200);
  assert.equal(figures.phase, 'resting');
  assert.equal(figures.run, 0);
  assert.equal(figures.channel, 'lab');
  assert.deepEqual(figures.settings, { rate: 5, payload: 256, interval: 1000, clients: 10, cursor: true });
  assert.deepEqual(figures.transports.map(({ name }) => name), NAMES);
  assert.equal(new Set(figures.transports.map(({ url }) => url)).size, NAMES.length);
  for (const { memory, connections, p50, p99 } of figures.transports) {
    if (TELLS_MEMORY) assert.ok(memory > 50 && memory < 20_000, `${memory} bytes for a client`);
    else assert.equal(memory, null);
    assert.deepEqual([connections, p50, p99], [0, null, null]);
  }
  const measured = { url: figures.transports[0].url };
  assert.equal((await ask(measured, 'POST', '/lab/start')).status, 501, 'there is no lab of the lab');
  const tree = descendants(server.pid);
  assert.deepEqual(tree.map(({ command }) => command), ['lab', 'serve']);
});

test('what cannot be is moved to what can, and nonsense is passed over', async () => {
  for (const nonsense of ['', '{', '[]', '"set"', '{"set":7}', '{"cut":"x"}', '{"start":1}', '\0', `{"x":"${'y'.repeat(9000)}"}`]) page.say(nonsense);
  page.say({ set: { rate: 1e9, payload: -1, interval: '7', clients: 4.9, cursor: 'yes' } });
  let { settings, phase } = await page.figures((f) => f.settings.clients === 4);
  assert.deepEqual(settings, { rate: 200, payload: 48, interval: 1000, clients: 4, cursor: true });
  assert.equal(phase, 'resting');
  page.say({ set: { rate: 200, payload: 16384, clients: 1e6 } });
  ({ settings } = await page.figures((f) => f.settings.clients === 200));
  assert.ok(settings.rate < 10 && settings.rate > 1, `${settings.rate} messages a second`);
  page.say({ set: { clients: 10, payload: 64 } });
  ({ settings } = await page.figures((f) => f.settings.payload === 64));
  assert.equal(settings.rate, 200, 'what was wished comes back when it can be');
});

/** Two figures so far apart, between and around which the lab was never late. */
async function calm(ms) {
  let first;
  for (const late = performance.now() + 2 * LATE_MS; performance.now() < late;) {
    const last = await page.figures(running);
    if (last.behind || !first) first = last.behind ? undefined : last;
    else if (last.at - first.at > ms && !(await page.figures(running)).behind) return [first, last];
  }
  return [];
}

test('each client of each transport gets each message, over as many connections as it must', async () => {
  const begun = Date.now();
  await runWith({ rate: 40, payload: 100, interval: 100, clients: 6, cursor: true });
  const now = await page.figures((f) => running(f) && NAMES.every((name) => f[name].connections === 6 && f[name].p50 !== null) && NAMES.every(settled(f)));
  for (const name of NAMES) {
    const t = now[name];
    assert.deepEqual([t.lost, t.repeated, t.recovered], [0, 0, 0], name);
    assert.ok(t.messages <= now.sent * 6, `${name}: ${t.messages} of ${now.sent * 6}`);
    assert.ok(t.p50 <= t.p99 && t.p99 < now.at - begun, `${name}: ${t.p50} ${t.p99}`);
  }
  for (const name of PUSHED) assert.equal(now[name].requests, 6, name);
  await page.figures((f) => running(f) && !f.behind && f.websocket.p50 !== null && f.poll.p50 > f.websocket.p50); // a poll takes half an interval
});

test('who polls asks once in an interval, and who polls long about once for each message', async (t) => {
  const [first, last] = await calm(600);
  if (!last) return t.skip('this machine is never calm enough to see it');
  const asked = (name) => last[name].requests - first[name].requests;
  const polls = ((last.at - first.at) / 100) * 6;
  assert.ok(Math.abs(asked('poll') - polls) <= 0.2 * polls + 6, `${asked('poll')} polls, not ${polls}`);
  const messages = (last.sent - first.sent) * 6;
  assert.ok(asked('longpoll') > messages * 0.5 && asked('longpoll') <= messages + 12, `${asked('longpoll')} long polls for ${messages} messages`);
});

test('bytes and requests are those that went over the wire', async () => {
  page.say({ stop: true });
  const still = await page.figures((f) => f.phase === 'resting' && NAMES.every((name) => f[name].connections === 0));
  const port = Number(new URL(still.longpoll.url).port);
  const request = `GET /channels/lab?limit=3 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Filler: ${'f'.repeat(500)}\r\nConnection: close\r\n\r\n`;
  const received = await new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
    let n = 0;
    socket.on('data', (data) => { n += data.length; }).on('error', reject).on('close', () => resolve(n));
  });
  assert.ok(received > 500);
  const now = await page.figures((f) => f.longpoll.requests > still.longpoll.requests && f.longpoll.connections === 0);
  assert.equal(now.longpoll.requests, still.longpoll.requests + 1);
  assert.equal(now.longpoll.bytes_in, still.longpoll.bytes_in + request.length);
  assert.equal(now.longpoll.bytes_out, still.longpoll.bytes_out + received);
  for (const name of ['poll', ...PUSHED])
    assert.deepEqual([now[name].requests, now[name].bytes_in, now[name].bytes_out], [still[name].requests, still[name].bytes_in, still[name].bytes_out], name);
});

/**
 * Cuts all connections for a moment: the figures `before` it, two of `during`, and the first when it was over (`back`). Once more
 * where the machine stood still, so that the moment passed without messages.
 */
async function cutOff() {
  for (let payload = 65; payload < 85; payload++) {
    const before = await page.figures((f) => running(f) && NAMES.every(settled(f)));
    page.say({ cut: 700 });
    page.say({ set: { payload } }); // tells the figures from those before
    const during = [await page.figures((f) => f.settings.payload === payload)];
    while (during.at(-1).phase === 'cut') during.push(await page.figures());
    const [back, , last, ...others] = during.reverse(); // what was published at `last` has reached the server
    const first = others.at(-1);
    if (first && last.sent - first.sent >= 10) return { before, first, last, back };
  }
  return assert.fail('no cut with messages in it');
}

test('after a cut, who has a cursor gets what was published meanwhile', async () => {
  await runWith({ rate: 50, payload: 64, interval: 100, clients: 4, cursor: true });
  const { before, first, last, back } = await cutOff();
  assert.ok(first.until >= before.at + 700 && first.until <= first.at + 700, 'it says until when');
  const more = (f, name, what) => f[name][what] - before[name][what];
  // Who polls is between two connections now and then.
  const now = await page.figures((f) => running(f) && NAMES.every((name) => f[name].connections === 4 && more(f, name, 'recovered') > 0
    && more(f, name, 'recovered') === more(f, 'sse', 'recovered')) && NAMES.every(settled(f)));
  for (const name of NAMES) assert.deepEqual([now[name].lost, now[name].repeated], [0, 0], name);
  const recovered = more(now, 'sse', 'recovered') / 4; // and so for all of them
  assert.ok(Number.isInteger(recovered) && recovered >= last.sent - first.sent && recovered <= back.sent - before.sent, `${recovered}`);
  assert.equal(more(now, 'websocket', 'requests'), 4, 'each has connected once more');
});

test('without one, who is pushed to loses it, and who asks gets all of it again', async () => {
  await runWith({ rate: 50, payload: 64, interval: 100, clients: 4, cursor: false });
  const { before, first, last, back } = await cutOff();
  const least = (last.sent - first.sent) * 4;
  const more = (f, name, what) => f[name][what] - before[name][what];
  const now = await page.figures((f) => running(f) && PUSHED.every((name) => more(f, name, 'lost') > 0) && NAMES.every(settled(f))
    && f.sent > back.sent + 20 && more(f, 'poll', 'repeated') > more(f, 'longpoll', 'repeated')); // a poll without a cursor repeats itself each time
  for (const name of PUSHED) {
    const lost = more(now, name, 'lost');
    assert.ok(lost >= least && lost <= (now.sent - before.sent) * 4, `${name}: ${lost}, ${least} at least`);
    assert.equal(more(now, name, 'repeated'), 0, name);
    // nothing, unless it was still under way when they came back
    assert.ok(more(now, name, 'recovered') <= (back.sent - last.sent) * 4, `${name}: ${more(now, name, 'recovered')}`);
  }
  for (const name of ['poll', 'longpoll']) {
    assert.equal(more(now, name, 'lost'), 0, name);
    assert.ok(more(now, name, 'recovered') >= least && more(now, name, 'repeated') >= 4 * 15, `${name}: ${more(now, name, 'recovered')} ${more(now, name, 'repeated')}`);
  }
});

test('other clients begin another run, and stop ends it', async () => {
  const before = await runWith({ rate: 20, clients: 3, cursor: true });
  page.say({ set: { rate: 30, payload: 128 } });
  const same = await page.figures((f) => f.settings.payload === 128);
  assert.equal(same.run, before.run);
  page.say({ set: { clients: 5 } });
  await page.figures((f) => f.run === before.run + 1 && running(f) && f.sse.connections === 5);
  page.say({ stop: true });
  const rest = await page.figures((f) => f.phase === 'resting' && f.sse.connections === 0);
  assert.equal((await page.figures()).sent, rest.sent);
});

test('the channel has what the contract says, for whoever listens', async () => {
  const { websocket, sse } = await runWith({ rate: 20, payload: 77, clients: 1 });
  const answer = await fetch(`${sse.url}/channels/lab`, { headers: { Origin: server.url } });
  assert.equal(answer.headers.get('access-control-allow-origin'), server.url);
  const { publications } = await answer.json();
  assert.ok(publications.length > 0);
  let seq = Number(publications[0].text.split(' ')[0]);
  for (const { text } of publications) {
    assert.equal(text.length, 77);
    const [, n, at] = /^(\d+) (\d+\.\d{3}) [a-z]+$/.exec(text);
    assert.equal(Number(n), seq++);
    assert.ok(Math.abs(Date.now() - Number(at)) < 60_000);
  }
  const mine = await fetch(`${websocket.url}/channels/lab`, { method: 'POST', body: '999999 1.000 x', headers: { Origin: server.url } });
  assert.equal(mine.status, 403, 'only the lab publishes there');
  const stranger = await fetch(`${websocket.url}/channels/lab`, { headers: { Origin: 'http://evil.example' } });
  assert.equal(stranger.status, 403);
});

describe('beside it', { concurrency: 3 }, () => {
  test('whom it is not for', async () => {
    assert.equal((await ask(server, 'GET', '/lab/start')).status, 405);
    assert.equal((await ask(server, 'POST', '/lab/start', { headers: { Origin: 'http://evil.example' } })).status, 403);
    assert.equal((await ask(server, 'POST', '/lab/start', { headers: { 'X-Forwarded-For': '192.0.2.1' } })).status, 403);
    const bad = await run(['lab', 'ftp://localhost']);
    assert.equal(bad.code, 2);
    const nobody = await run(['lab', 'http://127.0.0.1:1']);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /does a server listen there/);
  });

  test('a server that this machine reaches by no address has no lab', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'godwit-lab-'));
    const socketPath = join(folder, 'socket');
    const lone = start(['serve', '--listen', `unix:${socketPath}`]);
    t.after(async () => {
      lone.child.kill();
      await lone.ended;
      rmSync(folder, { recursive: true });
    });
    await lone.until('listening', 'stderr');
    const status = await new Promise((resolve, reject) =>
      http.request({ socketPath, path: '/lab/start', method: 'POST' }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end());
    assert.equal(status, 501);
  });

  test('a server without a descriptor left starts one all the same', async (t) => {
    const full = await startServer('serve', ['--workers', '1']);
    t.after(() => full.kill());
    const asking = await Peer.connect(full);
    asking.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal((await asking.readAnswer()).status, 200);
    const open = readdirSync(`/proc/${full.pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(full.pid), `--nofile=${open}:1024`]);
    // as many as there may be numbers free below
    const late = Array.from({ length: 12 }, () => net.connect(full.port, full.host).on('error', () => {})); // the server may end first
    t.after(() => late.forEach((socket) => socket.destroy()));
    await eventually(() => full.log().includes('accept paused'), 'the last descriptor');
    asking.send('POST /lab/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await asking.readAnswer()).status, 202);
    late.forEach((socket) => socket.destroy()); // the lab is a client too
    await eventually(() => descendants(full.pid).map(({ command }) => command).join() === 'lab,serve', 'the lab and its server');
    asking.destroy();
  });

  test('what a server answers does not steer the terminal', async (t) => {
    const strange = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'godwit.v1' });
    t.after(() => { strange.clients.forEach((socket) => socket.terminate()); strange.close(); });
    strange.on('connection', (socket) => socket.once('message', () => { socket.send('error 400\u001b]0;owned\u0007 no'); socket.close(4403); }));
    await once(strange, 'listening');
    const { code, stderr } = await run(['lab', `http://127.0.0.1:${strange.address().port}`]);
    assert.equal(code, 1);
    assert.match(stderr, /^godwit lab: the server answered 400\\x1b\]0;owned\\x07$/m);
    assert.doesNotMatch(stderr, /[\u001b\u0007]/);
  });

  test('a second lab finds the first and ends', async () => {
    const second = await run(['lab', server.url]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /a lab runs at this server already/);
    assert.equal(descendants(server.pid).length, 2);
  });

  /** But standard error, which is the same for all. */
  const socketsOf = (pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => fd !== '2').map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  }).filter((link) => link.startsWith('socket:'));

  test('nothing of the server is handed down to the lab', async () => {
    for (const { pid } of descendants(server.pid)) {
      const own = socketsOf(server.pid);
      assert.deepEqual(socketsOf(pid).filter((socket) => own.includes(socket)), []);
    }
  });

  test('nor is what the server was started with', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'godwit-'));
    const file = openSync(join(folder, 'held'), 'w');
    t.after(() => {
      closeSync(file);
      rmSync(folder, { recursive: true });
    });
    const main = await startServer('serve', ['--workers', '1'], { handed: [file] });
    t.after(() => main.kill());
    const watcher = await Page.open(main);
    t.after(() => watcher.close());
    await watcher.begin();
    await watcher.figures();
    const holds = (pid) => readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(folder);
      } catch {
        return false; // closed meanwhile
      }
    });
    assert.ok(holds(main.pid));
    assert.deepEqual(descendants(main.pid).map(({ pid }) => holds(pid)), [false, false]);
  });

  test('the lab ends when nobody looks, and the measured server with it', async (t) => {
    const lone = await startServer('serve', ['--workers', '1']);
    t.after(() => lone.kill());
    const watcher = await Page.open(lone, '');
    const lab = start(['lab', lone.url, '--idle', '1']);
    await watcher.figures();
    watcher.say({ set: { rate: 100, clients: 20 }, start: true }); // it may have everything to do
    await watcher.figures((f) => running(f) && f.sent > 50);
    const [measured] = descendants(lab.child.pid);
    await watcher.close();
    const { code } = await lab.ended;
    assert.equal(code, 0);
    assert.ok(!lives(measured.pid));
  });

  test('a lab that stood still itself does not take that for being left alone', async (t) => {
    const lone = await startServer('serve', ['--workers', '1']);
    t.after(() => lone.kill());
    const watcher = await Page.open(lone, '');
    const lab = start(['lab', lone.url, '--idle', '1']);
    await watcher.figures();
    lab.child.kill('SIGSTOP');
    await sleep(2500); // it ends after two seconds without anybody
    lab.child.kill('SIGCONT');
    const now = Date.now();
    await watcher.figures((f) => f.at > now);
    await watcher.close();
    assert.equal((await lab.ended).code, 0);
  });

  /** A server with a lab: {server, lab, measured}. */
  async function withLab(t) {
    const main = await startServer('serve', ['--workers', '2']);
    t.after(() => main.kill());
    const watcher = await Page.open(main);
    assert.equal(await watcher.begin(), 202);
    await watcher.figures();
    const [lab, measured] = descendants(main.pid);
    return { main, watcher, lab: lab.pid, measured: measured.pid };
  }

  for (const signal of ['SIGTERM', 'SIGKILL'])
    test(`the lab ends with its server: ${signal}`, async (t) => {
      const { main, lab, measured } = await withLab(t);
      if (signal === 'SIGKILL') await main.kill();
      else assert.deepEqual(await main.stop(), { code: 0, signal: null });
      await eventually(() => !lives(lab) && !lives(measured), 'the end of both');
    });

  test('the measured server ends with the lab, however that ends; then it can be started again', async (t) => {
    const { main, watcher, lab, measured } = await withLab(t);
    process.kill(lab, 'SIGKILL');
    await eventually(() => !lives(lab) && !lives(measured), 'the end of both');
    await eventually(() => descendants(main.pid).length === 0, 'nothing left');
    const answers = await Promise.all(Array.from({ length: 6 }, () => watcher.begin()));
    assert.deepEqual(answers.sort(), [200, 200, 200, 200, 200, 202], 'of many at once one starts it');
    await watcher.figures();
    const [again, child] = descendants(main.pid);
    process.kill(child.pid, 'SIGKILL');
    await eventually(() => !lives(again.pid), 'the end of the lab');
    await eventually(() => /^godwit lab: the measured server/m.test(main.log()), 'what it said of that');
  });

  test('workers that are asked at the same moment wait for each other, and not for ever', async () => {
    const main = await startServer('serve', ['--workers', '8']);
    after(() => main.kill());
    const head = `POST /lab/start HTTP/1.1\r\nHost: ${main.host}:${main.port}\r\nContent-Length: 1\r\nConnection: close\r\n\r\n`;
    const asking = await Promise.all(Array.from({ length: 40 }, () => new Promise((resolve) => {
      const socket = net.connect(main.port, main.host, () => socket.write(head, () => resolve(socket)));
    })));
    const answers = await Promise.all(asking.map((socket) => new Promise((resolve, reject) => {
      let text = '';
      socket.setEncoding('latin1').on('data', (more) => { text += more; }).on('end', () => resolve(text.slice(9, 12)));
      socket.setTimeout(LATE_MS, () => reject(new Error('a worker stands still')));
      socket.write('x'); // the last byte: all of them are whole within a moment
    })));
    assert.deepEqual(answers.sort(), [...Array(39).fill('200'), '202']);
    assert.equal((await ask(main, 'GET', '/healthz')).status, 200);
  });
});
