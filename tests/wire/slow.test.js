// SPDX-License-Identifier: MIT
// One client among thousands that does not read: what becomes of it is its channel's choice, is counted, and is nothing to the others.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { Talker } from '../support/godwit.js';
import { LATE_MS } from '../support/queue.js';
import { startServer } from '../support/server.js';
import { ask, channelPath, eventually } from '../support/talk.js';
import { frame, frames, upgrade } from '../support/wire.js';

const files = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
const MANY = Math.min(10_000, files - 500);
const isSanitized = /asan|tsan/.test(process.env.GODWIT ?? '');
const CHUNK = 60_000; // of what blocks the slow client

const [TEXT, PING, PONG] = [1, 9, 10];

/** A crowd of raw WebSockets on a channel; each has heard nothing but what `expect` says, in order. */
class Crowd {
  heard = 0; // messages, of all of them
  #expected = [];
  #wake = () => {};

  static async open(server, channel, n) {
    const crowd = new Crowd();
    crowd.sockets = [];
    while (crowd.sockets.length < n)
      crowd.sockets.push(...await Promise.all(Array.from({ length: Math.min(250, n - crowd.sockets.length) }, () => crowd.#connect(server, channel))));
    return crowd;
  }

  #connect(server, channel) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(server.port, server.host);
      let hasHead = false, n = 0, rest = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('close', () => { this.lost ??= `a connection ended after ${n} messages`; this.#wake(); });
      socket.on('data', (data) => {
        if (!hasHead) {
          const end = data.indexOf('\r\n\r\n');
          if (!data.toString('latin1', 0, 13).startsWith('HTTP/1.1 101 ')) reject(new Error(data.toString('latin1')));
          hasHead = true;
          data = data.subarray(end + 4);
          resolve(socket);
        }
        const all = frames(rest.length ? Buffer.concat([rest, data]) : data);
        rest = all.rest;
        for (const { opcode, payload } of all.found) {
          if (opcode === PING) socket.write(frame(PONG, payload)); // it may all take longer than the server is patient
          else if (opcode === TEXT && payload.toString() === this.#expected[n]) n++, this.heard++;
          else this.lost ??= `behind message ${n} came a frame ${opcode}: ${payload}`;
        }
        if (this.heard >= this.goal || this.lost) this.#wake();
      });
      socket.write(upgrade({ path: channelPath(channel) }));
    });
  }

  /** All of them hear these. */
  async expect(texts, publish) {
    this.#expected.push(...texts);
    this.goal = this.#expected.length * this.sockets.length;
    await publish(texts);
    for (let last = -1; this.heard < this.goal && !this.lost;) {
      if (this.heard === last) this.lost = `nothing more came for ${LATE_MS} ms: ${this.heard} of ${this.goal}`;
      last = this.heard;
      let timer;
      await new Promise((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, LATE_MS);
      });
      clearTimeout(timer);
    }
    assert.equal(this.lost, undefined);
  }

  close() {
    for (const socket of this.sockets) socket.removeAllListeners('close').resetAndDestroy();
  }
}

const metric = async (server, name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await ask(server, 'GET', '/metrics')).body)[1]);
const rss = (server) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;

const publishTo = (server, channel) => async (texts) => {
  const { status, body } = await ask(server, 'POST', '/publish', { body: JSON.stringify(texts.map((text) => ({ channel, text }))) });
  assert.equal(status, 200);
  assert.ok(body.every(({ cursor }) => cursor));
};

const numbers = (from, n) => Array.from({ length: n }, (_, i) => `message ${from + i}`);

/** A client in the crowd's channel and in `block`, of which it is sent ten chunks at a time, until `isFull` says that it takes no more. */
async function clog(server, channel, block, isFull, meanwhile) {
  const slow = await Talker.open(server, '/ws?user=slow');
  await slow.sub(channel);
  await slow.sub(block);
  slow.socket.pause();
  const chunk = randomBytes(CHUNK / 2).toString('hex'); // the client has agreed to compression
  for (let i = 0; i < 100; i++) {
    for (let k = 0; k < 10; k++) assert.equal((await ask(server, 'POST', channelPath(block), { body: chunk })).status, 201);
    if (await isFull()) return slow;
    await meanwhile?.(i);
  }
  return assert.fail('the client takes everything though it does not read');
}

test(`disconnect: ${MANY - 1} others hear everything, and the slow one comes back for what it missed`, { timeout: 200_000 }, async (t) => {
  const server = await startServer('serve', ['--workers', '2', '--resume', '300', '--channel', '*=slow:disconnect,history:1000', '--channel', 'heavy:*=history:0']);
  const crowd = await Crowd.open(server, 'crowd', MANY - 1);
  t.after(() => Promise.all([crowd.close(), server.kill()]));
  const publish = publishTo(server, 'crowd');
  let said = 0;
  const say = async (n) => crowd.expect(numbers((said += n) - n + 1, n), publish);
  await say(1);
  const before = rss(server);
  let most = 0;
  const slow = await clog(server, 'crowd', 'heavy:slow', async () => await metric(server, 'godwit_slow_disconnected_total') === 1, async (i) => {
    if (i % 3 === 0) await say(1);
    most = Math.max(most, rss(server));
  });
  // What may wait for it is 4 MiB and a message.
  if (!isSanitized) assert.ok(most - before < 16, `${most - before} MiB more at the most`);

  const told = new Promise((resolve) => { slow.socket.once('close', (code) => resolve(code)); });
  slow.socket.resume(); // the server is not patient with whom it has given up
  assert.equal(await told, 4500);
  await say(20);
  assert.equal(await metric(server, 'godwit_sessions'), MANY);
  assert.equal(await metric(server, 'godwit_slow_disconnected_total'), 1);

  const back = await Talker.open(server, `/ws?user=slow&session=${slow.session}`);
  assert.equal(back.session, slow.session);
  const { cursor, recovered } = await back.sub('crowd');
  assert.equal(recovered, 'yes');
  for (let i = Number(cursor.split(':')[1]) + 1; i <= said; i++) assert.equal((await back.next(/^msg crowd /)).body, `message ${i}`);
  await say(1);
  assert.equal((await back.next(/^msg crowd /)).body, `message ${said}`);
  await back.close();

  // What one has taken is there for the next: after five more of them the server is no larger.
  const after = rss(server);
  for (let i = 2; i <= 6; i++) (await clog(server, 'crowd', `heavy:${i}`, async () => await metric(server, 'godwit_slow_disconnected_total') === i)).socket.terminate();
  if (!isSanitized) assert.ok(rss(server) - after < 8, `${rss(server) - after} MiB more`);
  crowd.close();
  await eventually(async () => await metric(server, 'godwit_sessions') === 5, 'the end of all but the five, who may come back');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

for (const policy of ['drop', 'conflate'])
  test(`${policy}: a thousand others hear everything, and the slow one ${policy === 'drop' ? 'is told what it missed' : 'has the newest'}`, { timeout: 60_000 }, async (t) => {
    const server = await startServer('serve', ['--workers', '2', '--channel', `crowd:*=slow:${policy}`, '--channel', 'heavy:*=slow:conflate,history:0']);
    const crowd = await Crowd.open(server, 'crowd:all', Math.min(999, MANY));
    t.after(() => Promise.all([crowd.close(), server.kill()]));
    const publish = publishTo(server, 'crowd:all');
    const before = rss(server);
    let overtaken = 0;
    const slow = await clog(server, 'crowd:all', 'heavy:slow', async () => {
      const last = overtaken;
      overtaken = await metric(server, 'godwit_slow_conflated_total');
      return overtaken === last + 10; // not one of ten was given
    });
    for (let i = 0; i < 10; i++) await crowd.expect(numbers(i * 20 + 1, 20), publish);
    if (!isSanitized) assert.ok(rss(server) - before < 8, `${rss(server) - before} MiB more`);
    assert.equal(await metric(server, 'godwit_slow_disconnected_total'), 0);
    const dropped = await metric(server, 'godwit_slow_dropped_total'), conflated = await metric(server, 'godwit_slow_conflated_total') - overtaken;

    slow.socket.resume();
    let heard = 0, at = 0; // the system may take a little more than it seemed to
    while (at < 200) {
      const message = await slow.next(/^(msg|subscribed) crowd:all /);
      const { cursor = message.line.split(' ')[2], recovered, missed = 0 } = message.options, offset = Number(cursor.split(':')[1]);
      if (message.body) assert.equal(message.body, `message ${offset}`);
      if (message.body) heard++;
      else assert.equal(recovered, 'no');
      if (policy === 'drop') assert.equal(offset, at + (message.body ? 1 : Number(missed)), 'what is missing has been told');
      assert.ok(offset > at);
      at = offset;
    }
    await crowd.expect(['and on'], publish);
    assert.equal((await slow.next(/^msg crowd:all /)).body, 'and on');
    assert.ok(heard < 100, `${heard} were given`);
    assert.deepEqual([dropped, conflated], policy === 'drop' ? [200 - heard, 0] : [0, 200 - heard]);
    crowd.close();
    await slow.close();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
