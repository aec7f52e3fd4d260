// SPDX-License-Identifier: MIT
// Firefox, driven by WebDriver BiDi, as far as the tests need it: windows that run functions, and a network that goes away.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocket } from 'ws';

const PROGRAM = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const LATE_MS = 60_000;
const PREFERENCES = {
  'browser.shell.checkDefaultBrowser': false, 'browser.startup.page': 0, 'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.disabledForTesting': true, 'toolkit.telemetry.reportingpolicy.firstRun': false, 'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false, 'extensions.getAddons.cache.enabled': false, 'services.settings.server': 'data:,',
};

export const hasFirefox = existsSync(PROGRAM);

export async function launchFirefox() {
  const profile = mkdtempSync(path.join(tmpdir(), 'godwit-firefox-'));
  writeFileSync(path.join(profile, 'user.js'), Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
  const child = spawn(PROGRAM, ['--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', profile], {
    stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile },
  });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => reject(new Error(`Firefox does not listen; it logged:\n${log}`)), LATE_MS);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(log);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
    child.once('error', reject);
  });
  const socket = new WebSocket(`${url}/session`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const asked = new Map();
  const logged = {}; // of each window
  let n = 0;
  socket.on('message', (data) => {
    const answer = JSON.parse(data);
    if (answer.method === 'log.entryAdded' && ['error', 'warn'].includes(answer.params.level)) logged[answer.params.source.context]?.push(answer.params.text);
    const waiting = asked.get(answer.id);
    asked.delete(answer.id);
    if (answer.type === 'error') waiting?.reject(new Error(`${answer.error}: ${answer.message}`));
    else waiting?.resolve(answer.result);
  });
  const say = (method, params = {}) => new Promise((resolve, reject) => {
    asked.set(++n, { resolve, reject });
    socket.send(JSON.stringify({ id: n, method, params }));
  });
  await say('session.new', { capabilities: {} });
  await say('session.subscribe', { events: ['log.entryAdded'] });

  // A window is seen, as one of several tabs is not.
  async function open(url2, userContext, type) {
    const { context } = await say('browsingContext.create', { type, userContext });
    const faults = logged[context] = [];
    await say('browsingContext.navigate', { context, url: url2, wait: 'complete' });
    return {
      faults, // what it has logged as such
      /** Like Playwright's: the function with its argument, in the page; its value as JSON has it. */
      async evaluate(call, argument) {
        const answer = await say('script.callFunction', {
          functionDeclaration: `async () => JSON.stringify(await (${call})(${JSON.stringify(argument)}))`,
          target: { context }, awaitPromise: true,
        });
        if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
        return answer.result.type === 'undefined' ? undefined : JSON.parse(answer.result.value);
      },
      reload: () => say('browsingContext.reload', { context, wait: 'complete' }),
      close: () => say('browsingContext.close', { context }),
      /** A picture of it, as PNG. */
      screenshot: async () => Buffer.from((await say('browsingContext.captureScreenshot', { context })).data, 'base64'),
    };
  }

  return {
    /** Windows that share what a site keeps, and nothing with others. */
    async newContext() {
      const { userContext } = await say('browser.createUserContext');
      return {
        open: (url2, { type = 'tab' } = {}) => open(url2, userContext, type),
        setOffline: (isOffline) => say('emulation.setNetworkConditions', { networkConditions: isOffline ? { type: 'offline' } : null, userContexts: [userContext] }),
        close: () => say('browser.removeUserContext', { userContext }),
      };
    },
    async close() {
      socket.close();
      kill();
      await ended;
      process.off('exit', kill);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
