// SPDX-License-Identifier: MIT
// Starts the program under test and knows when it listens, where, and what it logged. It never outlives the test process.

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const GODWIT = process.env.GODWIT ?? fileURLToPath(new URL('../../build/godwit', import.meta.url));

const LISTEN_MS = 30_000;
const STOP_MS = 10_000; // so long the server itself waits for those who do not go
const LISTENING = /\blistening\b.*?(?:(?:https?|wss?):\/\/|\baddress=|\bon )(\[[^\]]+\]|[^\s:/"]+):(\d+)(?=[\s/"])/;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Starts `godwit COMMAND --listen 127.0.0.1:0 ARGS…`; an own `--listen` among the arguments is taken instead.
 *
 * @param {'serve'|'echo'} command
 * @param {string[]} [args]
 * @param {{env?: Record<string, string>, handed?: number[]}} [options]  `handed`: descriptors that it has from 3 on
 * @returns {Promise<Server>}  rejects with all that was logged where the program does not come to listen
 *
 * @typedef {object} Server
 * @property {string} host  @property {number} port  @property {number} pid
 * @property {string} url  `http://HOST:PORT` (https with --tls-cert)   @property {string} ws  the same with ws or wss
 * @property {() => string} log  what it has written so far, both streams
 * @property {(signal?: NodeJS.Signals) => Promise<{code: number|null, signal: string|null}>} stop
 *   sends the signal (SIGTERM) and waits for the end; a program that does not end is killed, and that is an error
 * @property {() => Promise<void>} kill  SIGKILL
 */
export async function startServer(command, args = [], { env = {}, handed = [] } = {}) {
  const where = args.some((arg) => arg.startsWith('--listen')) ? [] : ['--listen', '127.0.0.1:0'];
  const child = spawn(GODWIT, [command, ...where, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...handed],
  });
  let log = '';
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => {
      log += `${error.message}\n`;
      resolve({ code: null, signal: null });
    });
  });
  running.add(child);
  ended.then(() => running.delete(child));

  const [host, port] = await new Promise((resolve, reject) => {
    const fail = (why) => {
      child.kill('SIGKILL');
      reject(new Error(`${GODWIT} ${command} ${why}; it logged:\n${log || '(nothing)'}`));
    };
    const timer = setTimeout(() => fail(`does not listen after ${LISTEN_MS} ms`), LISTEN_MS);
    const read = (chunk) => {
      log += chunk;
      const found = LISTENING.exec(log);
      if (!found || Number(found[2]) === 0) return;
      clearTimeout(timer);
      resolve([found[1], Number(found[2])]);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    ended.then(({ code, signal }) => {
      clearTimeout(timer);
      fail(`ended (${signal ?? code}) before it listened`);
    });
  });

  const isTls = args.some((arg) => arg.startsWith('--tls-cert'));
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    host,
    port,
    pid: child.pid,
    url: `http${isTls ? 's' : ''}://${host}:${port}`,
    ws: `ws${isTls ? 's' : ''}://${host}:${port}`,
    log: () => log,
    kill,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const abort = new AbortController();
      const late = sleep(STOP_MS, 'late', { signal: abort.signal }).catch(() => 'done');
      const end = await Promise.race([ended, late]);
      abort.abort();
      if (end !== 'late') return end;
      await kill();
      throw new Error(`${GODWIT} ${command} did not end ${STOP_MS} ms after ${signal}; it logged:\n${log}`);
    },
  };
}
