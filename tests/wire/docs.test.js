// SPDX-License-Identifier: MIT
// What README and docs/ tell a newcomer to type is answered, as it stands there.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { GODWIT, startServer } from '../support/server.js';

/** The head of the answer to this curl, which has no need to end by itself. */
const headOf = (curl) => new Promise((resolve, reject) => {
  const child = spawn('bash', ['-c', `exec ${curl} -s -D - -o /dev/null`], { timeout: 30_000 });
  let head = '';
  child.stdout.setEncoding('latin1').on('data', (text) => {
    head += text;
    if (/\r\n\r\n/.test(head)) child.kill();
  });
  child.on('error', reject).on('close', () => resolve(head));
});
const bash = (script) => promisify(execFile)('bash', ['-c', script], { timeout: 30_000 });
const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
/** Every indented block, without the indentation. */
const blocksOf = (text) =>
  [...text.matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) => block.replace(/^ {4}/gm, ''));
/** The commands of a block that are a curl alone; one goes on where its quotes are open. */
const curlsOf = (block) => block.match(/^curl (?:'[^']*'|[^'\n])*$/gm) ?? [];

let server;
before(async () => {
  server = await startServer('serve');
});
after(() => server.stop());
/** As it would be typed, but to the server under test. */
const here = (script) => script.replaceAll('localhost:8000', `127.0.0.1:${server.port}`).replaceAll('build/godwit', GODWIT);

test('one channel, five ways', async () => {
  const block = blocksOf(read('README.md')).find((text) => text.startsWith('(\n'));
  const { stdout } = await bash(here(block));
  for (const line of [/^SSE +data: hello, all five$/m, /^NDJSON +\{"offset":1,.*"text":"hello, all five"\}$/m,
    /^long poll +\{.*"publications":\[\{"offset":1,.*"text":"hello, all five"\}\]\}$/m, /^WebSocket +hello, all five$/m,
    /^godwit\.v1 +hello, all five$/m, /^published +\{"channel":"five",.*"duplicate":false\}$/m])
    assert.match(stdout, line);
});

async function isAnswered(curl) {
  const { cursor } = await (await fetch(`${server.url}/channels/lobby`)).json();
  const stop = new AbortController();
  const stream = await fetch(`${server.url}/channels/lobby?user=ann`, { headers: { accept: 'application/x-ndjson' }, signal: stop.signal });
  const typed = here(curl).replace(/ +# .*$/, '').replace('CURSOR', cursor)
    .replace('SESSION', stream.headers.get('godwit-session')).replace(/wait=\d+/, 'wait=1');
  const head = await headOf(typed);
  stop.abort();
  assert.match(head, curl.includes('nonsense') ? /^HTTP\/1\.1 400/ : /^HTTP\/1\.1 20[014]/, `${typed}\n${head}`);
}

test('every curl is answered', async () => {
  const curls = ['README.md', 'docs/http.md', 'docs/godwit.v1.md', 'docs/chat.md', 'docs/quiz.md', 'docs/ticker.md', 'docs/map.md'].flatMap((name) => blocksOf(read(name)).flatMap(curlsOf));
  assert.ok(curls.length >= 35, `${curls.length}`);
  for (const curl of curls) await isAnswered(curl);
});

// ---- links, excerpts and counts

const pages = ['README.md', 'CONTRIBUTING.md', 'bench/README.md', 'web/client/README.md',
  ...readdirSync(new URL('../../docs/', import.meta.url)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const withoutCode = (text) => text.replace(/^ {4}.*$/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]]/g, ''));

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(text) {
  const seen = new Map();
  return [...text.replace(/^ {4}.*$/gm, '').matchAll(/^#+ +(.*)$/gm)].map(([, heading]) => {
    const slug = heading.toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times ? `${slug}-${times}` : slug;
  });
}

test('every link leads somewhere', () => {
  let count = 0;
  for (const page of pages) {
    for (const [, link] of withoutCode(read(page)).matchAll(/\]\(([^()\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      count++;
      const { pathname, hash } = new URL(link, `file:///${page}`);
      const target = decodeURIComponent(pathname.slice(1));
      assert.ok(existsSync(new URL(`../../${target}`, import.meta.url)), `${page}: there is no ${link}`);
      if (hash) assert.ok(anchorsOf(read(target)).includes(decodeURIComponent(hash.slice(1))), `${page}: ${link} has no such heading`);
    }
  }
  assert.ok(count > 40, `${count}`);
});

test('what is shown as a piece of a file stands in it', () => {
  let count = 0;
  for (const page of pages) {
    // a line that ends with (`FILE`): says so; one that says "in short" has shortened it
    for (const [, file, block] of read(page).matchAll(/\(`(web\/[\w./-]+)`\):\n\n((?: {4}.*\n)+)/g)) {
      count++;
      const lines = read(file).split('\n').map((line) => line.trim());
      let at = 0;
      for (const line of block.trim().split('\n').map((each) => each.trim())) {
        const found = lines.indexOf(line, at);
        assert.ok(found >= 0, `${page} shows what ${file} does not have there: ${line}`);
        at = found + 1;
      }
    }
  }
  assert.ok(count >= 8, `${count}`);
});

test('how many lines a page is said to have it has', () => {
  let count = 0;
  for (const page of ['quiz', 'ticker', 'map', 'chat', 'lab']) {
    for (const [, files, said] of read(`docs/${page}.md`).matchAll(/^\| ((?:`[\w-]+\.js`(?:, )?)+) \| (\d+) \|/gm)) {
      count++;
      const names = files.split(', ').map((name) => `web/${page}/${name.slice(1, -1)}`);
      const has = names.reduce((sum, name) => sum + read(name).split('\n').length - 1, 0);
      assert.ok(Math.abs(has - said) <= said * 0.15, `docs/${page}.md: ${files} have ${has} lines, not ${said}`);
    }
  }
  assert.ok(count >= 8, `${count}`);
});
