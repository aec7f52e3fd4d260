// make bench: every row with every contender that is installed, several interleaved runs, then the report.

import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { everyone, godwit, makeCertificate, parseExtra, takesPart } from "./contenders.mjs";
import { run } from "./measure.mjs";
import { isAbsent, plainTable, writeReport } from "./report.mjs";
import { rows } from "./rows.mjs";
import { measureSimd } from "./simd.mjs";

const HELP = `usage: bench/run [option…]

  --rows REGEX         only the rows whose id or group matches (--list shows them; simd is one too)
  --contenders A,B     only these, by name
  --runs N             interleaved runs of each (5)
  --seconds S          of measuring in each run (2), after --warmup S (1; code compiled on the go needs it)
  --quick              one run of half a second: does everything work?
  --extra NAME=COMMAND a server built elsewhere; may be given again. In the command {port} stands for the port on
                       127.0.0.1, {kind} for echo, deflate, tls, pubsub or pubsub-deflate, {cert} and {key} for the certificate;
                       NAME:echo,tls=COMMAND names the kinds that it can do. Also from the environment,
                       GODWIT_BENCH_EXTRA, one a line.
  --load COMMAND       load generator in place of build/godwit (called as: COMMAND bench URL …)
  --out FOLDER         where the report goes (bench/results)
  --name NAME          its file name (the date)
  --list               show rows and contenders, measure nothing
`;

const { values: options } = parseArgs({
  options: {
    rows: { type: "string" }, contenders: { type: "string" }, runs: { type: "string" }, seconds: { type: "string" },
    warmup: { type: "string" }, quick: { type: "boolean" }, extra: { type: "string", multiple: true },
    load: { type: "string" }, out: { type: "string" }, name: { type: "string" }, list: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});

function chooseContenders() {
  const extras = [...(process.env.GODWIT_BENCH_EXTRA ?? "").split("\n").filter((l) => l.trim()), ...(options.extra ?? [])];
  const wanted = options.contenders?.toLowerCase().split(",");
  const all = everyone(extras.map(parseExtra)).filter((c) => !wanted || wanted.includes(c.name.toLowerCase()));
  const skipped = all.flatMap((c) => (c.missing() ? { name: c.name, why: c.missing() } : []));
  return { present: all.filter((c) => !c.missing()), skipped };
}

function chooseRows() {
  const pattern = new RegExp(options.rows ?? "");
  return rows.filter((row) => pattern.test(row.id) || pattern.test(row.group));
}

async function measureRow(row, contenders, place, settings, results) {
  const players = contenders.filter((c) => takesPart(c, row));
  const cells = new Map(players.map((c) => [c.name, { reports: [], failure: undefined }]));
  results.set(row, cells);
  for (let round = 0; round < settings.runs; round++) {
    // each round begins with another contender, so that nobody always has the warm or the cold place
    for (let i = 0; i < players.length; i++) {
      const contender = players[(i + round) % players.length];
      const cell = cells.get(contender.name);
      if (isAbsent(cell.failure)) continue;
      try {
        const report = await run(settings.load, contender, row, place, settings);
        cell.reports.push(report);
        process.stderr.write(`  ${row.title} · ${contender.name} · ${row.read(report).toFixed(2)} ${row.unit}\n`);
      } catch (error) {
        cell.failure = error.message.split("\n")[0];
        const what = isAbsent(cell.failure) ? "skipped" : "failed";
        process.stderr.write(`  ${row.title} · ${contender.name} · ${what}: ${error.message}\n`);
      }
    }
  }
}

async function main() {
  if (options.help) return process.stdout.write(HELP);
  const { present, skipped } = chooseContenders();
  const chosen = chooseRows();
  if (options.list) {
    for (const row of chosen) console.log(`${row.id.padEnd(22)} ${row.group.padEnd(16)} ${row.title}`);
    console.log("simd                   GB/s of unmasking and UTF-8 checking");
    for (const c of present) console.log(`${c.name}: ${Object.keys(c.kinds).join(", ")}`);
    for (const { name, why } of skipped) console.log(`${name}: skipped, ${why}`);
    return;
  }
  for (const { name, why } of skipped) process.stderr.write(`skipped: ${name}, ${why}\n`);
  const settings = {
    runs: Number(options.runs ?? (options.quick ? 1 : 5)),
    seconds: Number(options.seconds ?? (options.quick ? 0.5 : 2)),
    warmup: Number(options.warmup ?? (options.quick ? 0.2 : 1)),
    hold: 5,
    load: options.load ?? godwit,
  };
  const session = {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    runs: settings.runs,
    seconds: settings.seconds,
    contenders: present.map((c) => ({ name: c.name, version: c.version?.() ?? "" })),
    skipped,
    simd: new RegExp(options.rows ?? "").test("simd") ? measureSimd() : [],
  };
  const folder = options.out ?? join(dirname(fileURLToPath(import.meta.url)), "results");
  const name = options.name ?? session.date.slice(0, 10);
  const temporary = mkdtempSync(join(tmpdir(), "godwit-bench-"));
  const results = new Map();
  try {
    const place = { ...makeCertificate(temporary), scratch: temporary };
    for (const row of chosen) {
      await measureRow(row, present, place, settings, results);
      writeReport(folder, name, session, results); // what was measured so far survives an interruption
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  console.log(plainTable(writeReport(folder, name, session, results)));
  console.log(`\n${join(folder, name)}.md, .json and plots`);
}

main().catch((error) => {
  process.stderr.write(`bench/run: ${error.message}\n`);
  process.exitCode = 1;
});
