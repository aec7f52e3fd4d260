// SPDX-License-Identifier: MIT
// The types (godwit.d.ts): all that the reference names is typed, and wrong use is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const paths = ['right', 'wrong'].map((name) => fileURLToPath(new URL(`types/${name}.ts`, import.meta.url)));

test('types/right.ts and types/wrong.ts compile', () => {
  const program = ts.createProgram(paths, {
    strict: true, noEmit: true, skipDefaultLibCheck: true, types: [], target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  const said = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) =>
    `${file?.fileName}:${file && ts.getLineAndCharacterOfPosition(file, start).line + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  assert.deepEqual(said, []);
  assert.ok(paths.every((path) => program.getSourceFile(path)));
});
