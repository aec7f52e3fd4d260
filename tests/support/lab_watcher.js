// SPDX-License-Identifier: MIT
// A page of the lab without a browser: it says what it wants in lab:control, and reads lab:figures.

import { readFileSync, readdirSync } from 'node:fs';
import { Talker } from './godwit.js';
import { LATE_MS } from './queue.js';
import { ask } from './talk.js';

export class Page {
  /** Looks at the server's lab. A named user is there for five seconds more when he has gone; '': nobody known. */
  static async open(server, user = 'ann') {
    const page = new Page();
    page.server = server;
    page.talker = await Talker.open(server, user ? `/ws?user=${user}` : '/ws');
    await page.talker.sub('lab:figures');
    return page;
  }

  /** POST /lab/start: its status. */
  async begin() {
    return (await ask(this.server, 'POST', '/lab/start')).status;
  }

  say(control) {
    this.talker.say('pub lab:control', typeof control === 'string' ? control : JSON.stringify(control));
  }

  /** The next figures that fit; those before are passed over, and the lab is hurried: by itself it tells them once a second. */
  async figures(fits = () => true) {
    for (const late = performance.now() + LATE_MS; ;) {
      this.say({ set: {} });
      const { body } = await this.talker.next(/^msg lab:figures /);
      const figures = JSON.parse(body);
      for (const transport of figures.transports) figures[transport.name] = transport;
      if (fits(figures)) return figures;
      if (performance.now() > late) throw new Error(`no figures that fit ${fits}, but ${body}`);
    }
  }

  close() {
    return this.talker.close();
  }
}

const read = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it has just ended
  }
};

/** The processes that are children of `pid`, and theirs: [{pid, command}]. */
export function descendants(pid) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => {
    const [, state, parent] = /\) (\S) (\d+)/.exec(read(`/proc/${name}/stat`)) ?? [];
    return { pid: Number(name), parent: Number(parent), state, command: read(`/proc/${name}/cmdline`).split('\0').slice(1, 2)[0] };
  });
  const below = (parent) => all.filter((p) => p.parent === parent).flatMap((p) => [p, ...below(p.pid)]);
  return below(pid);
}

/** Whether the process is there (a zombie is not). */
export const lives = (pid) => /\) [^Z ]/.test(read(`/proc/${pid}/stat`));
