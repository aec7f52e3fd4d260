// SPDX-License-Identifier: MIT
// `godwit bench`, measuring for a moment; for longer where the machine stood still just then.

import { run } from './program.js';

const DURATIONS = ['0.2', '2', '20'];

const isEnough = (stdout) => {
  const { mode, messages, connections } = JSON.parse(stdout);
  return mode === 'idle' || messages >= 5 * connections;
};

/** How `godwit bench ARGS…` ended, as soon as it has measured enough: {code, stdout, stderr}, and the `seconds` that it took. */
export async function measure(args, isFine = isEnough) {
  for (const duration of DURATIONS) {
    const begun = performance.now();
    const end = await run(['bench', ...args, '--warmup', '0.05', '--duration', duration]);
    const isLate = /had no answer/.test(end.stderr); // within a second
    if (end.code === 0 ? isFine(end.stdout) : !isLate) return { ...end, seconds: (performance.now() - begun) / 1000 };
    if (duration === DURATIONS.at(-1)) throw new Error(`too little in ${duration} s: ${end.stdout} ${end.stderr}`);
  }
  return undefined;
}
