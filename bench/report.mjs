// What a session of measuring leaves: a table in Markdown, the plots it shows, and everything as JSON.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { barSheet, colours, figure, lineSheet } from "./plot.mjs";
import { simdPanels, simdTable } from "./simd.mjs";

const TITLES = {
  echo: "Echo: server CPU per message",
  deflate: "Compressed echo: server CPU per message",
  tls: "Echo over TLS: server CPU per message",
  connections: "New connections: server CPU for each",
  memory: "Idle connections: server's own memory for each",
  latency: "Latency at a fixed rate",
  "fan-out": "Fan-out: server CPU per delivery",
  transports: "A POST to 1,000 by each transport: server CPU per delivery",
  mixed: "A POST and its subscribers by different ways",
  slow: "Fan-out beside a slow reader",
  sessions: "Idle sessions: server's own memory for each",
  growth: "Growth: server CPU per message, 20 B echo",
  "fan-out-growth": "Growth: server CPU per delivery, 64 B",
  "channels-growth": "Growth: server CPU per message, with the channels in use",
};

export function summarise(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

function cellOf(row, { reports, failure }) {
  if (!reports.length) return { failure };
  const cell = { ...summarise(reports.map(row.read)), runs: reports.length, failure };
  if (row.split) {
    const share = (field) => summarise(reports.map((r) => (r.server[field] / r.messages) * 1e6)).median;
    Object.assign(cell, { user: share("user_s"), system: share("system_s") });
    cell.perSecond = summarise(reports.map((r) => r.messages_per_s)).median;
  }
  if (row.group === "mixed" && !row.isFurther) cell.ways = waysOf(reports);
  if (row.mode === "open") cell.cpu = summarise(reports.map((r) => r.server.cpu_us_per_message)).median;
  return cell;
}

// Where a contender's subscribers come by several transports: how long to each, by transport.
function waysOf(reports) {
  const names = Object.keys(reports[0]?.transports ?? {});
  const at = (name, share) => summarise(reports.map((r) => r.transports[name].latency_us[share]));
  return names.map((name) => ({ name, p50: at(name, "p50"), p99: at(name, "p99") }));
}

// A row and what else is read from its runs.
const readings = ({ more = [], ...row }) => [row, ...more.map((one) => ({ ...row, base: undefined, isFurther: true, ...one }))];

// results: Map of row → Map of contender's name → { reports, failure }
export function tabulate(results) {
  return [...results].flatMap(([row, cells]) =>
    readings(row).map((reading) => ({
      row: reading,
      cells: new Map([...cells].map(([name, runs]) => [name, cellOf(reading, runs)])),
    })));
}

const line = (cells) => `| ${cells.join(" | ")} |`;
const ruler = (count) => line(["---", ...Array(count - 1).fill("--:")]);

// What a server does not do, as the load generator says it.
export const isAbsent = (failure) => /does not (answer|agree|start)|answered 4\d\d/.test(failure);

function cellText(cell, row) {
  if (!cell) return "";
  if (cell.median === undefined) return isAbsent(cell.failure) ? "not there" : "failed";
  const text = figure(cell.median, row.digits);
  if (cell.runs === 1) return text;
  return `${text} <sub>${figure(cell.min, row.digits)}–${figure(cell.max, row.digits)}</sub>`;
}

function mainTable(table, names) {
  const body = table.map(({ row, cells }) =>
    line([row.title, row.unit, ...names.map((name) => cellText(cells.get(name), row))]));
  return [line(["", "unit", ...names]), ruler(names.length + 2), ...body].join("\n");
}

function ratioTable(table, names) {
  const rest = names.filter((name) => name !== "Godwit");
  const body = table.flatMap(({ row, cells }) => {
    const own = cells.get("Godwit")?.median;
    if (own === undefined) return [];
    return line([row.title, ...rest.map((name) => {
      const other = cells.get(name)?.median;
      return other ? `${(own / other).toFixed(2)} ×` : "";
    })]);
  });
  return body.length ? [line(["Godwit ÷", ...rest]), ruler(rest.length + 1), ...body].join("\n") : "";
}

// A row beside the one that it is compared with, for each contender.
function baseTable(table, names) {
  const body = table.flatMap(({ row, cells }) => {
    const base = table.find((other) => other.row.id === row.base);
    if (!base) return [];
    const ratio = (name) => cells.get(name)?.median / base.cells.get(name)?.median;
    return line([`${row.title} ÷ ${base.row.title}`, ...names.map((name) =>
      Number.isFinite(ratio(name)) ? `${ratio(name).toFixed(2)} ×` : "")]);
  });
  return body.length ? [line(["", ...names]), ruler(names.length + 1), ...body].join("\n") : "";
}

function splitTable(table, names) {
  const body = table.filter(({ row }) => row.split).map(({ row, cells }) =>
    line([row.title, ...names.map((name) => {
      const cell = cells.get(name);
      return cell?.user === undefined ? "" : `${figure(cell.user)} + ${figure(cell.system)}`;
    })]));
  return body.length ? [line(["user + system", ...names]), ruler(names.length + 1), ...body].join("\n") : "";
}

const byWay = (table, names) =>
  table.flatMap(({ row, cells }) =>
    names.flatMap((name) => (cells.get(name)?.ways?.length ? [{ row, name, ways: cells.get(name).ways }] : [])));

function wayTable(table, names) {
  const found = byWay(table, names);
  const transports = [...new Set(found.flatMap(({ ways }) => ways.map((way) => way.name)))];
  const body = found.map(({ row, name, ways }) => {
    const of = new Map(ways.map((way) => [way.name, way]));
    const cell = (way) => (way ? `${figure(way.p50.median, 0)} / ${figure(way.p99.median, 0)}` : "");
    return line([`${name}: ${row.way}`, ...transports.map((transport) => cell(of.get(transport)))]);
  });
  return body.length ? [line(["p50 / p99, µs", ...transports]), ruler(transports.length + 1), ...body].join("\n") : "";
}

function drawGroup(group, table, names) {
  const ways = byWay(table, names);
  const palette = colours([...names, ...ways.flatMap((one) => one.ways.map((way) => way.name))]);
  const measured = ({ cells }, name) => cells.get(name)?.median !== undefined;
  if (table[0].row.x !== undefined) {
    const points = (name) =>
      table.filter((r) => measured(r, name)).map(({ row, cells }) => ({ x: row.x, ...cells.get(name) }));
    const lines = names.map((name) => ({ name, points: points(name) })).filter((one) => one.points.length);
    return lines.length ? lineSheet(TITLES[group], table[0].row.unit, table[0].row.axis, lines, palette) : "";
  }
  const panels = table
    .map(({ row: { title, unit, digits }, cells }) => ({
      ...{ title, unit, digits },
      entries: names.filter((name) => measured({ cells }, name)).map((name) => ({ name, ...cells.get(name) })),
    }))
    .concat(ways.map(({ row, name, ways: entries }) => ({
      title: `${name}, ${row.way}: to each, by transport`, unit: "µs, p99", digits: 0,
      entries: entries.map((way) => ({ name: way.name, ...way.p99 })),
    })))
    .filter(({ entries }) => entries.length);
  return panels.length ? barSheet(TITLES[group], panels, palette) : "";
}

function drawAll(folder, name, table, names) {
  const images = [];
  for (const group of new Set(table.map(({ row }) => row.group))) {
    const svg = drawGroup(group, table.filter(({ row }) => row.group === group), names);
    if (!svg) continue;
    writeFileSync(join(folder, `${name}-${group}.svg`), svg);
    images.push(`![${TITLES[group]}](${name}-${group}.svg)`);
  }
  return images;
}

function simdSection(folder, name, simd) {
  if (!simd.length) return "";
  const title = "Unmasking and UTF-8 checking, beside memcpy";
  const levels = ["memcpy", ...new Set(simd.map((m) => m.level))];
  writeFileSync(join(folder, `${name}-simd.svg`), barSheet(title, simdPanels(simd), colours(levels), 3));
  return `## ${title}\n\n![${title}](${name}-simd.svg)\n\n${simdTable(simd)}`;
}

const failures = (table) =>
  table.flatMap(({ row, cells }) =>
    row.isFurther ? [] : [...cells].filter(([, cell]) => cell.failure).map(([name, cell]) =>
      `- ${row.title}, ${name}: ${cell.failure}`));

export function machine() {
  const all = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${all[0]?.model ?? "?"}, ${all.length} cores, ${memory} GiB, Linux ${release()}, Node ${process.version}`;
}

function introduction(session) {
  const versions = session.contenders.map((c) => `${c.name} ${c.version}`.trim()).join(", ");
  const skipped = session.skipped.map((s) => `Skipped: ${s.name} (${s.why}).`).join(" ");
  const runs = session.runs === 1 ? "one run" : `${session.runs} interleaved runs`;
  return [
    `${machine()}. ${versions}. ${skipped}`.trim(),
    `Server on one core, load generator on another; for each contender and row ${runs} of ${session.seconds} s; ` +
      "median, and the range below it. CPU is the server's own, user and system, from its accounting; *floor* is the " +
      "same bytes over bare TCP with epoll and no protocol at all.",
  ].join("\n\n");
}

function writeJson(file, session, table, results) {
  const plain = table.map(({ row: { read, ...row }, cells }) => ({ ...row, cells: Object.fromEntries(cells) }));
  const raw = [...results].map(([row, cells]) => ({
    id: row.id,
    runs: Object.fromEntries([...cells].map(([name, cell]) => [name, cell.reports])),
  }));
  writeFileSync(file, JSON.stringify({ ...session, machine: machine(), table: plain, raw }, null, 1) + "\n");
}

export function writeReport(folder, name, session, results) {
  mkdirSync(folder, { recursive: true });
  const table = tabulate(results);
  const names = session.contenders.map((c) => c.name).filter((n) => table.some(({ cells }) => cells.has(n)));
  const split = splitTable(table, names);
  const ways = wayTable(table, names);
  const failed = failures(table);
  const parts = [
    `# Measured on ${session.date}`,
    introduction(session),
    table.length && mainTable(table, names),
    ratioTable(table, names),
    baseTable(table, names),
    split && `## Where the CPU time goes, µs per message\n\n${split}`,
    ways && `## To each subscriber, by transport\n\n${ways}`,
    failed.length && `## Runs that failed, or that a server cannot do\n\n${failed.join("\n")}`,
    ...drawAll(folder, name, table, names),
    simdSection(folder, name, session.simd),
  ];
  writeFileSync(join(folder, `${name}.md`), parts.filter(Boolean).join("\n\n") + "\n");
  writeJson(join(folder, `${name}.json`), session, table, results);
  return { table, names };
}

export const plainTable = ({ table, names }) =>
  table.length ? mainTable(table, names).replace(/<\/?sub>/g, "") : "";
