// SPDX-License-Identifier: MIT
// What this is for: 100,000 publications at full speed, clients of every transport that are cut at random points and
// come back, and each of them has heard every one of them, once, in order.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { startServer } from '../support/server.js';
import { ask } from '../support/talk.js';

const TOTAL = 100_000;
const BATCH = 500;
const PUBLISHERS = 4;
const LIFE = 6_000; // publications that a connection lives for, at most
const CHANNEL = 'load:all';
const PATH = `/channels/${CHANNEL}`;

let server;
const agent = new http.Agent({ keepAlive: true, maxSockets: PUBLISHERS + 16 });
before(async () => { server = await startServer('serve', ['--workers', '3', '--channel', 'load:*=history:200000']); });
after(async () => {
  agent.destroy();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

/** mulberry32: the same cuts every time. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Hears the channel over one connection after the other, until it has heard all. */
class Client {
  heard = []; // payloads; the first is of offset 1
  cuts = 0;

  constructor(name, seed, start) {
    this.name = name;
    this.random = random(seed);
    this.epoch = start.split(':')[0];
  }

  get cursor() {
    return `${this.epoch}:${this.heard.length}`;
  }

  get isDone() {
    return this.heard.length >= TOTAL;
  }

  /** A connection lives for so many publications. */
  life() {
    return 1 + Math.floor(this.random() * LIFE);
  }

  /** The next one. Where the transport says which it is, that must be the very next. */
  take(payload, cursor) {
    if (cursor !== undefined) assert.equal(cursor, `${this.epoch}:${this.heard.length + 1}`, this.name);
    this.heard.push(payload);
  }

  async hearAll() {
    while (!this.isDone) {
      await this.connect(this.life());
      this.cuts++;
    }
    return this;
  }
}

/** One WebSocket, until it has brought `life` publications; then it is cut without a Close. */
class SocketClient extends Client {
  listen(url, protocol, life, onOpen, onMessage) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, protocol, { perMessageDeflate: this.random() < 0.5 });
      const end = this.heard.length + life;
      socket.on('open', () => onOpen(socket));
      socket.on('message', (data) => {
        if (this.heard.length >= end || this.isDone) return; // it has been cut
        try {
          onMessage(data.toString(), socket);
        } catch (error) {
          socket.terminate();
          reject(error);
        }
        if (this.heard.length >= end || this.isDone) socket.terminate();
      });
      socket.on('error', () => {}); // a cut one may have one
      socket.on('close', (code) => (code === 1006 || code === 4500 ? resolve() : reject(new Error(`${this.name}: closed with ${code}`))));
    });
  }
}

class Raw extends SocketClient {
  connect(life) {
    return this.listen(`${server.ws}${PATH}?after=${this.cursor}`, [], life, () => {}, (text) => this.take(text));
  }
}

class Godwit extends SocketClient {
  /** It resumes its session every other time. */
  connect(life) {
    const resume = this.session && this.random() < 0.5 ? `?session=${this.session}` : '';
    return this.listen(`${server.ws}/ws${resume}`, 'godwit.v1', life, (socket) => socket.send(`sub ${CHANNEL} after=${this.cursor}`), (text) => {
      const [head, body] = text.split(/\n(.*)/s);
      const [word, , cursor] = head.split(' ');
      if (word === 'welcome') this.session = /session=(\S+)/.exec(head)[1];
      else if (word === 'subscribed') assert.match(head, /recovered=yes/, head);
      else if (word === 'msg') this.take(body, cursor);
      else assert.ok(['join', 'leave', 'bye'].includes(word), head);
    });
  }
}

/** An answer that goes on, line by line. */
class StreamClient extends Client {
  connect(life) {
    return new Promise((resolve, reject) => {
      const resume = this.random() < 0.5 ? `&session=${this.session ?? 'new'}` : '';
      const request = http.get(`${server.url}${PATH}?after=${this.cursor}${resume}`, { headers: this.headers, agent: false }, (answer) => {
        let rest = '';
        const end = this.heard.length + life;
        this.session = answer.headers['godwit-session'];
        answer.setEncoding('utf8').on('data', (text) => {
          const lines = (rest + text).split('\n');
          rest = lines.pop();
          for (const line of lines) {
            if (this.heard.length >= end || this.isDone) break;
            try {
              this.onLine(line);
            } catch (error) {
              reject(error);
            }
          }
          if (this.heard.length >= end || this.isDone) request.destroy();
        });
        answer.on('error', () => {});
        answer.on('close', resolve);
      });
      request.on('error', (error) => (request.destroyed ? resolve() : reject(error)));
    });
  }
}

class Ndjson extends StreamClient {
  headers = { Accept: 'application/x-ndjson' };

  onLine(line) {
    const { cursor, text, recovered } = line ? JSON.parse(line) : {};
    assert.notEqual(recovered, false, line);
    if (text !== undefined) this.take(text, cursor);
  }
}

class Events extends StreamClient {
  headers = { Accept: 'text/event-stream' };

  connect(life) {
    this.id = this.data = undefined; // of an event that was cut
    return super.connect(life);
  }

  onLine(line) {
    const [, field, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
    assert.notEqual(value, 'godwit.gap');
    if (field === 'id') this.id = value;
    if (field === 'data') this.data = value;
    if (line !== '' || this.data === undefined) return;
    this.take(this.data, this.id);
    this.data = undefined;
  }
}

/** Long polls where it waits, else polls. A cut request is asked again. */
class Polls extends Client {
  constructor(name, seed, start, wait) {
    super(name, seed, start);
    this.wait = wait;
  }

  connect(life) {
    return new Promise((resolve, reject) => {
      const headers = this.wait ? { Prefer: `wait=${this.wait}` } : {};
      const isCut = this.random() < 0.2;
      const request = http.get(`${server.url}${PATH}?after=${this.cursor}&limit=${life}`, { headers, agent: isCut ? false : agent }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (more) => {
          text += more;
          if (isCut) request.destroy();
        });
        answer.on('error', () => {});
        answer.on('close', () => {
          if (isCut) {
            resolve();
            return;
          }
          try {
            const { recovered, publications } = JSON.parse(text);
            assert.equal(recovered, true, this.name);
            for (const p of publications) this.take(p.text, p.cursor);
            resolve();
          } catch (error) {
            reject(error);
          }
        });
      });
      request.on('error', (error) => (isCut ? resolve() : reject(error)));
    });
  }
}

/** Publishes its share in batches, and says what each was given. */
async function publish(publisher, given) {
  const share = TOTAL / PUBLISHERS;
  for (let from = 0; from < share; from += BATCH) {
    const items = Array.from({ length: BATCH }, (_, i) => ({ channel: CHANNEL, text: `${publisher}.${from + i}` }));
    const body = JSON.stringify(items);
    const answers = await new Promise((resolve, reject) => {
      const request = http.request(`${server.url}/publish`, { method: 'POST', agent }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (more) => { text += more; });
        answer.on('end', () => resolve(JSON.parse(text)));
      });
      request.on('error', reject).end(body);
    });
    answers.forEach(({ cursor, detail }, i) => {
      assert.ok(cursor, detail);
      given[Number(cursor.split(':')[1]) - 1] = items[i].text;
    });
  }
}

test('clients of every transport that are cut hear every publication once and in order', { timeout: 120_000 }, async () => {
  const start = (await ask(server, 'GET', PATH)).body.cursor;
  const clients = [
    ...[1, 2].map((seed) => new Raw(`raw ${seed}`, seed, start)),
    ...[3, 4].map((seed) => new Godwit(`godwit.v1 ${seed}`, seed, start)),
    ...[5, 6].map((seed) => new Events(`sse ${seed}`, seed, start)),
    ...[7, 8].map((seed) => new Ndjson(`ndjson ${seed}`, seed, start)),
    new Polls('long poll', 9, start, 5),
    new Polls('poll', 10, start, 0),
  ];
  const given = [];
  await Promise.all([
    ...clients.map((client) => client.hearAll()),
    ...Array.from({ length: PUBLISHERS }, (_, i) => publish(i, given)),
  ]);
  assert.equal(given.length, TOTAL);
  for (const client of clients) {
    assert.ok(client.cuts >= 10, `${client.name}: ${client.cuts} connections`);
    assert.equal(client.heard.length, TOTAL, client.name);
    const wrong = client.heard.findIndex((payload, i) => payload !== given[i]);
    assert.equal(wrong, -1, `${client.name}: offset ${wrong + 1} is ${client.heard[wrong]}, not ${given[wrong]}`);
  }
});
