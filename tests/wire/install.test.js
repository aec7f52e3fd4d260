// What `make install` puts down is enough for a stranger's program: headers, both libraries, pkg-config.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = process.env.GODWIT_BUILD ?? 'build';
const variant = build.startsWith('build/') ? build.slice('build/'.length) : '';
const sanitizers = { asan: ['-fsanitize=address,undefined'], tsan: ['-fsanitize=thread'] }[variant] ?? [];
const prefix = '/opt/godwit';
let destdir, installed;

const run = (command, args, env = {}) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } }).trim();

// It lies in a staging folder, not where it will lie once: the prefix is said anew.
const pkgConfig = (...args) =>
  run('pkg-config', [`--define-variable=prefix=${installed}`, ...args, 'godwit'], {
    PKG_CONFIG_PATH: join(installed, 'lib/pkgconfig'),
  }).split(/\s+/).filter(Boolean);

const compile = (source, name, libraries) => {
  const out = join(destdir, name);
  run('cc', ['-std=c17', '-Wall', '-Wextra', '-Werror', ...sanitizers, ...pkgConfig('--cflags'), source, '-o', out,
    ...libraries, '-pthread']);
  return out;
};

const program = `
#include <godwit/ws.h>
#include <stdio.h>
int main(void) {
  puts(gw_error_text(GW_ERR_MEMORY));
  return 0;
}
`;
let source;

before(() => {
  destdir = mkdtempSync(join(tmpdir(), 'godwit-install-'));
  installed = destdir + prefix;
  source = join(destdir, 'program.c');
  writeFileSync(source, program);
  run('make', ['-s', 'install', `DESTDIR=${destdir}`, `PREFIX=${prefix}`, `VARIANT=${variant}`], { MAKEFLAGS: '' });
});

after(() => rmSync(destdir, { recursive: true, force: true }));

test('the library lies there with its soname links', () => {
  const version = pkgConfig('--modversion')[0];
  const lib = join(installed, 'lib');
  const soname = `libgodwit.so.${version.split('.')[0]}`;
  assert.equal(readlinkSync(join(lib, 'libgodwit.so')), soname);
  assert.equal(readlinkSync(join(lib, soname)), `libgodwit.so.${version}`);
  assert.ok(lstatSync(join(lib, `libgodwit.so.${version}`)).isFile());
  assert.ok(run('readelf', ['-d', join(lib, 'libgodwit.so')]).includes(`[${soname}]`));
});

test('nothing that is installed names the folder it was staged in', () => {
  assert.ok(!readFileSync(join(installed, 'lib/pkgconfig/godwit.pc'), 'utf8').includes(destdir));
  assert.ok(statSync(join(installed, 'include/godwit/ws.h')).isFile());
});

const echo = join(root, 'examples/echo.c');

test('the echo example and a program build with pkg-config; the program runs with the shared library', () => {
  compile(echo, 'echo-shared', pkgConfig('--libs'));
  const out = compile(source, 'shared', pkgConfig('--libs'));
  assert.match(run('readelf', ['-d', out]), /NEEDED.*libgodwit\.so\.\d+/);
  assert.equal(run(out, [], { LD_LIBRARY_PATH: join(installed, 'lib') }), 'out of memory');
});

test('the echo example and a program build with the static library; the program runs alone', () => {
  const libraries = pkgConfig('--static', '--libs').map((word) => (word === '-lgodwit' ? '-l:libgodwit.a' : word));
  assert.doesNotMatch(run('readelf', ['-d', compile(echo, 'echo-static', libraries)]), /libgodwit/);
  const out = compile(source, 'static', libraries);
  assert.doesNotMatch(run('readelf', ['-d', out]), /libgodwit/);
  assert.equal(run(out, []), 'out of memory');
});
