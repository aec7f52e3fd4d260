// SPDX-License-Identifier: MIT
// Runs the program under test to its end, with input on a pipe or on a terminal.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { GODWIT } from './server.js';

const LATE_MS = 60_000;
// Debian's, which has Debian's packages
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const TERMINAL = fileURLToPath(new URL('terminal.py', import.meta.url));

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

class Program {
  #waiting = [];
  #text = { stdout: new StringDecoder(), stderr: new StringDecoder() };

  constructor(command, args, env) {
    this.stdout = '';
    this.stderr = '';
    this.bytes = []; // of standard output
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin.on('error', () => {}); // it may end before it has read everything
    this.child.stdout.on('data', (data) => {
      this.bytes.push(data);
      this.#take('stdout', data);
    });
    this.child.stderr.on('data', (data) => this.#take('stderr', data));
    running.add(this.child);
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        this.#waiting.forEach(({ fail }) => fail(`ended (${signal ?? code})`));
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr, bytes: Buffer.concat(this.bytes) });
      });
    });
    this.ended.catch(() => {});
    const timer = setTimeout(() => this.child.kill('SIGKILL'), LATE_MS);
    this.ended.finally(() => clearTimeout(timer)).catch(() => {});
  }

  #take(name, data) {
    this[name] += this.#text[name].write(data);
    this.#waiting = this.#waiting.filter((waiting) => !waiting.look());
  }

  write(text) {
    this.child.stdin.write(text);
  }

  end(text = '') {
    this.child.stdin.end(text);
    return this.ended;
  }

  /** Waits until the output has what the pattern says, from where the last `until` ended. */
  until(pattern, name = 'stdout') {
    return new Promise((resolve, reject) => {
      const key = `#at ${name}`;
      const look = () => {
        const text = this[name].slice(this[key] ?? 0);
        const found = typeof pattern === 'string' ? text.indexOf(pattern) : text.search(pattern);
        if (found < 0) return false;
        const length = typeof pattern === 'string' ? pattern.length : pattern.exec(text)[0].length;
        this[key] = (this[key] ?? 0) + found + length;
        resolve();
        return true;
      };
      const fail = (why) => reject(new Error(`${why} before ${pattern}; ${name}:\n${this[name]}\n${this.stderr}`));
      if (!look()) this.#waiting.push({ look, fail });
    });
  }
}

/** `godwit ARGS…`, started. */
export const start = (args, { env } = {}) => new Program(GODWIT, args, env);

/** `godwit ARGS…` with this input, to its end: {code, signal, stdout, stderr, bytes}. */
export const run = (args, { input = '', env } = {}) => start(args, { env }).end(input);

/** `godwit ARGS…` on a pseudo-terminal, all of whose output is `stdout`. */
export const startOnTerminal = (args, { env } = {}) =>
  new Program(PYTHON, [TERMINAL, GODWIT, ...args], { TERM: 'xterm', ...env });
