// What a session of measuring leaves: a table in Markdown, the plots it shows, and everything as JSON.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { barSheet, colours, figure, lineSheet } from "./plot.mjs";

const TITLES = {
  echo: "Echo: server CPU per message",
  deflate: "Compressed echo: server CPU per message",
  tls: "Echo over TLS: server CPU per message",
  connections: "New connections: server CPU for each",
  memory: "Idle connections: server's own memory for each",
  latency: "Latency at a fixed rate",
  "fan-out": "Fan-out: server CPU per delivery",
  growth: "Growth: server CPU per message, 20 B echo",
};

export function summarise(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

// results: Map of row → Map of contender's name → { reports, failure }
export function tabulate(results) {
  return [...results].map(([row, cells]) => ({
    row,
    cells: new Map(
      [...cells].map(([name, { reports, failure }]) => {
        if (!reports.length) return [name, { failure }];
        const cell = { ...summarise(reports.map(row.read)), runs: reports.length, failure };
        if (row.split) {
          const share = (field) => summarise(reports.map((r) => (r.server[field] / r.messages) * 1e6)).median;
          Object.assign(cell, { user: share("user_s"), system: share("system_s") });
          cell.perSecond = summarise(reports.map((r) => r.messages_per_s)).median;
        }
        if (row.mode === "open") cell.cpu = summarise(reports.map((r) => r.server.cpu_us_per_message)).median;
        return [name, cell];
      }),
    ),
  }));
}

const line = (cells) => `| ${cells.join(" | ")} |`;
const ruler = (count) => line(["---", ...Array(count - 1).fill("--:")]);

function cellText(cell, row) {
  if (!cell) return "";
  if (cell.median === undefined) return "failed";
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

function splitTable(table, names) {
  const body = table.filter(({ row }) => row.split).map(({ row, cells }) =>
    line([row.title, ...names.map((name) => {
      const cell = cells.get(name);
      return cell?.user === undefined ? "" : `${figure(cell.user)} + ${figure(cell.system)}`;
    })]));
  return body.length ? [line(["user + system", ...names]), ruler(names.length + 1), ...body].join("\n") : "";
}

function drawGroup(group, table, names) {
  const palette = colours(names);
  if (group === "growth") {
    const lines = names
      .map((name) => ({
        name,
        points: table.filter(({ cells }) => cells.get(name)?.median !== undefined).map(({ row, cells }) => ({ x: row.x, ...cells.get(name) })),
      }))
      .filter(({ points }) => points.length);
    return lines.length ? lineSheet(TITLES[group], table[0].row.unit, "connections, one message outstanding on each", lines, palette) : "";
  }
  const panels = table
    .map(({ row, cells }) => ({
      title: row.title,
      unit: row.unit,
      digits: row.digits,
      entries: names.filter((name) => cells.get(name)?.median !== undefined).map((name) => ({ name, ...cells.get(name) })),
    }))
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

const failures = (table) =>
  table.flatMap(({ row, cells }) =>
    [...cells].filter(([, cell]) => cell.failure).map(([name, cell]) => `- ${row.title}, ${name}: ${cell.failure}`));

export function machine() {
  const all = cpus();
  return `${all[0]?.model ?? "?"}, ${all.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
}

export function writeReport(folder, name, session, results) {
  mkdirSync(folder, { recursive: true });
  const table = tabulate(results);
  const names = session.contenders.map((c) => c.name).filter((n) => table.some(({ cells }) => cells.has(n)));
  const versions = session.contenders.map((c) => `${c.name}${c.version ? ` ${c.version}` : ""}`).join(", ");
  const images = drawAll(folder, name, table, names);
  const failed = failures(table);
  const parts = [
    `# Measured on ${session.date}`,
    `${machine()}. ${versions}. ${session.skipped.map((s) => `Skipped: ${s.name} (${s.why}).`).join(" ")}`.trim(),
    `Server on one core, load generator on another, for each contender and row ${session.runs === 1 ? "one run" : `${session.runs} interleaved runs`} of ${session.seconds} s; median, and the range below it. CPU is the server's own, user and system, from its accounting; *floor* is the same bytes over bare TCP with epoll and no protocol at all.`,
    mainTable(table, names),
    ratioTable(table, names),
    splitTable(table, names) && `## Where the CPU time goes, µs per message\n\n${splitTable(table, names)}`,
    failed.length ? `## Runs that failed\n\n${failed.join("\n")}` : "",
    ...images,
  ];
  writeFileSync(join(folder, `${name}.md`), parts.filter(Boolean).join("\n\n") + "\n");
  const plain = table.map(({ row: { read, ...row }, cells }) => ({ ...row, cells: Object.fromEntries(cells) }));
  const raw = [...results].map(([row, cells]) => ({ id: row.id, runs: Object.fromEntries([...cells].map(([n, c]) => [n, c.reports])) }));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...session, machine: machine(), table: plain, raw }, null, 1) + "\n");
  return { table, names };
}

export const plainTable = ({ table, names }) => mainTable(table, names).replace(/<\/?sub>/g, "");
