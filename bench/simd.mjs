// build/bench/simd in the report: GB/s of unmasking and of UTF-8 checking at each level of SIMD, beside memcpy.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const program = join(dirname(fileURLToPath(import.meta.url)), "..", "build/bench/simd");
const SHOWN = { 125: "125 B", 16384: "16 KiB", 1048576: "1 MiB" };

// [{ level, operation, size, speed }], or nothing where it is not built
export function measureSimd() {
  if (!existsSync(program)) return [];
  const lines = execFileSync(program, { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [tag, level, operation, size, speed] = line.split(" ");
    return tag === "simd" ? { level, operation, size: Number(size), speed: Number(speed) } : [];
  });
}

// One panel for each operation and size that is shown, for plot.mjs's bars.
export function simdPanels(measured) {
  const memcpy = (size) => measured.find((m) => m.operation === "memcpy" && m.size === size);
  const operations = ["mask", "utf8-ascii", "utf8-korean", "fused-mixed"];
  return operations.flatMap((operation) =>
    Object.entries(SHOWN).map(([size, words]) => ({
      title: `${operation}, ${words}`,
      unit: "GB/s",
      entries: [memcpy(Number(size)), ...measured.filter((m) => m.operation === operation && m.size === Number(size))].map(
        ({ level, speed }) => ({ name: level === "libc" ? "memcpy" : level, median: speed, min: speed, max: speed }),
      ),
    })),
  );
}

export function simdTable(measured) {
  const sizes = [...new Set(measured.map((m) => m.size))];
  const kinds = [...new Map(measured.map((m) => [`${m.level} ${m.operation}`, m])).values()];
  const cell = ({ level, operation }, size) =>
    measured.find((m) => m.level === level && m.operation === operation && m.size === size)?.speed.toFixed(1) ?? "";
  return [
    `| GB/s | level | ${sizes.map((s) => SHOWN[s] ?? `${s.toLocaleString("en")} B`).join(" | ")} |`,
    `| --- | --- |${" --: |".repeat(sizes.length)}`,
    ...kinds.map((k) => `| ${k.operation} | ${k.level} | ${sizes.map((s) => cell(k, s)).join(" | ")} |`),
  ].join("\n");
}
