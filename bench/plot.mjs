// Plots as SVG: bars with their range for each row of a group, lines for a row that grows. No library: what is
// drawn is a title, rectangles, lines and text.

const INK = "#1c2430";
const MUTED = "#66707f";
const GRID = "#e6e9ee";
const COLOURS = { Godwit: "#0f9d76", floor: "#b8c0cc" };
const REST = ["#4c6fe0", "#e0903c", "#a45bc9", "#d1556b", "#3aa5c2", "#8a7a52", "#5f6b7a"];
const PANEL = { width: 430, head: 44, bar: 22, foot: 14, label: 104, value: 104 };
const FONT = 'font-family="Inter, Helvetica, Arial, sans-serif"';

const HALO = 'stroke="#ffffff" stroke-width="3" paint-order="stroke"'; // keeps text readable on a line

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const path = (d, stroke, more = "") => `<path d="${d}" stroke="${stroke}" fill="none" ${more}/>`;
const round = (value) => Math.round(value * 100) / 100;

function text(x, y, content, { size = 12, fill = INK, anchor = "start", weight = 400 } = {}) {
  const look = `font-size="${size}" fill="${fill}" text-anchor="${anchor}" font-weight="${weight}"`;
  return `<text x="${round(x)}" y="${round(y)}" ${look} ${HALO}>${escape(content)}</text>`;
}

export function colours(names) {
  const rest = names.filter((name) => !(name in COLOURS));
  return { ...COLOURS, ...Object.fromEntries(rest.map((name, i) => [name, REST[i % REST.length]])) };
}

export function figure(value, digits) {
  if (!Number.isFinite(value)) return "–";
  if (digits === 0 || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

function sheet(title, width, height, body) {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${FONT}>
<title>${escape(title)}</title>
<rect width="${width}" height="${height}" rx="10" fill="#ffffff"/>
${text(24, 34, title, { size: 18, weight: 650 })}
${body}
</svg>
`;
}

function bar(entry, y, scale, colour, isOwn) {
  const left = PANEL.label;
  const width = Math.max(1.5, entry.median * scale);
  const middle = y + PANEL.bar / 2;
  const [low, high] = [round(left + entry.min * scale), round(left + entry.max * scale)];
  const whisker = `M${low} ${middle}H${high}M${low} ${middle - 4}v8M${high} ${middle - 4}v8`;
  return [
    text(left - 8, middle + 4, entry.name, { anchor: "end", weight: isOwn ? 650 : 400 }),
    `<rect x="${left}" y="${y + 3}" width="${round(width)}" height="${PANEL.bar - 6}" rx="3" fill="${colour}"/>`,
    entry.max > entry.min ? path(whisker, INK, 'stroke-opacity=".55"') : "",
    text(Math.max(left + width, high) + 7, middle + 4, figure(entry.median, entry.digits), { weight: isOwn ? 650 : 400 }),
  ].join("\n");
}

function panel({ title, unit, entries, digits }, x, y, palette) {
  const most = Math.max(...entries.map((e) => e.max));
  const scale = (PANEL.width - PANEL.label - PANEL.value) / (most || 1);
  const bars = entries.map((entry, i) =>
    bar({ ...entry, digits }, PANEL.head + i * PANEL.bar, scale, palette[entry.name], entry.name === "Godwit"));
  const bottom = PANEL.head + entries.length * PANEL.bar;
  const floor = entries.find((e) => e.name === "floor");
  const mark = floor
    ? path(`M${round(PANEL.label + floor.median * scale)} ${PANEL.head}V${bottom}`, MUTED, 'stroke-dasharray="2 3"')
    : "";
  return `<g transform="translate(${x} ${y})">
${text(0, 16, title, { size: 13, weight: 650 })}
${text(0, 33, unit, { size: 11, fill: MUTED })}
${path(`M${PANEL.label} ${PANEL.head}V${bottom}`, GRID)}
${mark}
${bars.join("\n")}
</g>`;
}

// One panel for each row: { title, unit, digits, entries: [{ name, median, min, max }] }.
export function barSheet(title, panels, palette, columns = panels.length > 1 ? 2 : 1) {
  const heights = [];
  panels.forEach(({ entries }, i) => {
    const line = Math.floor(i / columns);
    heights[line] = Math.max(heights[line] ?? 0, PANEL.head + entries.length * PANEL.bar + PANEL.foot + 14);
  });
  const tops = heights.map((_, line) => 58 + heights.slice(0, line).reduce((a, b) => a + b, 0));
  const body = panels.map((one, i) =>
    panel(one, 24 + (i % columns) * (PANEL.width + 28), tops[Math.floor(i / columns)], palette));
  const width = 48 + columns * PANEL.width + (columns - 1) * 28;
  return sheet(title, width, 58 + heights.reduce((a, b) => a + b, 0) + 6, body.join("\n"));
}

function line(one, at, colour, y) {
  const places = one.points.map((p) => ({ ...p, x: round(at.x(p.x)), y: round(at.y(p.median)) }));
  const ranges = places.map(({ x, min, max }) => `M${x} ${round(at.y(min))}V${round(at.y(max))}`).join("");
  const name = `${one.name}  ${figure(places.at(-1).median)}`;
  return [
    path(ranges, colour, 'stroke-opacity=".35" stroke-width="5"'),
    path(places.map((p, i) => `${i ? "L" : "M"}${p.x} ${p.y}`).join(""), colour, 'stroke-width="2"'),
    ...places.map((p) => `<circle cx="${p.x}" cy="${p.y}" r="3.5" fill="${colour}"/>`),
    text(places.at(-1).x + 12, y + 4, name, { weight: one.name === "Godwit" ? 650 : 400 }),
  ].join("\n");
}

// Names at the right end of their lines, pushed apart where they would overlap.
function namePlaces(lines, at) {
  const places = lines.map((one) => ({ one, y: at.y(one.points.at(-1).median) })).sort((a, b) => a.y - b.y);
  for (let i = 1; i < places.length; i++) places[i].y = Math.max(places[i].y, places[i - 1].y + 16);
  return new Map(places.map(({ one, y }) => [one, y]));
}

const FRAME = { width: 920, height: 420, left: 64, right: 190, top: 84, bottom: 52 };
const SMALL = { size: 11, fill: MUTED };

function scales(xs, most) {
  const { width, height, left, right, top, bottom } = FRAME;
  const [first, span] = [Math.log(xs[0]), Math.log(xs.at(-1)) - Math.log(xs[0]) || 1];
  return {
    x: (value) => left + ((Math.log(value) - first) / span) * (width - left - right),
    y: (value) => height - bottom - (value / most) * (height - top - bottom),
  };
}

function gridOf(xs, most, at) {
  const { width, height, left, right, bottom } = FRAME;
  const step = 10 ** Math.floor(Math.log10(most / 3));
  const tick = [1, 2, 5, 10].map((n) => n * step).find((n) => most / n <= 6);
  const levels = Array.from({ length: Math.floor(most / tick) + 1 }, (_, i) => round(i * tick));
  return [
    ...levels.map((value) => path(`M${left} ${round(at.y(value))}H${width - right}`, GRID)),
    ...levels.map((value) => text(left - 8, at.y(value) + 4, value, { ...SMALL, anchor: "end" })),
    ...xs.map((x) => text(at.x(x), height - bottom + 20, x.toLocaleString("en"), { ...SMALL, anchor: "middle" })),
  ];
}

// One sheet, x logarithmic: lines [{ name, points: [{ x, median, min, max }] }].
export function lineSheet(title, unit, axis, lines, palette) {
  const { width, height, left, right } = FRAME;
  const points = lines.flatMap((one) => one.points);
  const xs = [...new Set(points.map((p) => p.x))].sort((a, b) => a - b);
  const most = Math.max(...points.map((p) => p.max)) * 1.08;
  const at = scales(xs, most);
  const places = namePlaces(lines, at);
  const body = [
    text(24, 56, unit, { fill: MUTED }),
    text((left + width - right) / 2, height - 10, axis, { fill: MUTED, anchor: "middle" }),
    ...gridOf(xs, most, at),
    ...lines.map((one) => line(one, at, palette[one.name], places.get(one))),
  ];
  return sheet(title, width, height, body.join("\n"));
}
