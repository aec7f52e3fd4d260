// Who is measured: how to start each server, for which kinds of row, and why it is missing where it is.
// A command names the port with {port} and the certificate with {cert} and {key}; it runs in the foreground.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { frameSizes } from "./rows.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "build");
export const godwit = process.env.GODWIT ?? join(build, "godwit");
const bun = [`bun-linux-${process.arch}`, `bun-linux-${process.arch}-baseline`, "bun-linux-aarch64"]
  .map((name) => join(here, "node_modules/@oven", name, "bin/bun"))
  .find(existsSync);
const nginx = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find(existsSync);
const nchan = ["/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/etc/nginx/modules"]
  .map((folder) => join(folder, "ngx_nchan_module.so"))
  .find(existsSync);

const secure = ["{cert}", "{key}"];

const version = (...command) => {
  try {
    const text = execFileSync(command[0], command.slice(1), { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return text.match(/\d+\.\d+[\w.-]*/)?.[0] ?? "";
  } catch {
    return "";
  }
};
const packageVersion = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"))).version;
const debianVersion = (name) => version("dpkg-query", "-W", "-f=${Version}", name);

function nchanCommand({ port, scratch }) {
  const folder = mkdtempSync(join(scratch, "nchan-"));
  const text = readFileSync(join(here, "peers/nchan.conf"), "utf8")
    .replaceAll("PORT", port)
    .replaceAll("FOLDER", folder)
    .replace("modules/ngx_nchan_module.so", nchan);
  writeFileSync(join(folder, "nginx.conf"), text);
  return [nginx, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")];
}

function floorCommand({ row, port }) {
  const bytes = frameSizes(row.size ?? 1);
  return [join(build, "bench/floor"), port, row.kind === "pubsub" ? "fanout" : "echo", bytes.in, bytes.out];
}

const channels = ({ row }) => [godwit, "serve", ...listen, ...(row.channels ? ["--channel", row.channels] : [])];

// `ways`: how a contender's subscribers hear a channel, where it is not one bare WebSocket at /channels/bench: the
// load generator's --transport, and a path of its own. Who has ways takes a POST to /channels/bench too.
const listen = ["--listen", "127.0.0.1:{port}", "--workers", "1"];
const own = [
  {
    name: "floor",
    tcp: true,
    missing: () => (existsSync(join(build, "bench/floor")) ? "" : "build/bench/floor is not built (make bench)"),
    kinds: { echo: floorCommand, pubsub: floorCommand },
    // without a protocol there is no handshake and nothing that a connection or subscriber would be
    modes: ["echo", "open", "fanout"],
  },
  {
    name: "Godwit",
    missing: () => (existsSync(godwit) ? "" : `${godwit} is not built`),
    version: () => version(godwit, "--version"),
    kinds: {
      echo: [godwit, "echo", ...listen, "--no-deflate"],
      deflate: [godwit, "echo", ...listen],
      tls: [godwit, "echo", ...listen, "--no-deflate", "--tls-cert", "{cert}", "--tls-key", "{key}"],
      pubsub: channels,
      "pubsub-deflate": channels,
    },
    ways: {
      raw: {},
      channels: {},
      user: {},
      ...Object.fromEntries(["godwit", "sse", "ndjson", "longpoll"].map((name) => [name, { transport: name }])),
      mixed: { transport: "raw,godwit,sse,ndjson" },
      polls: { transport: "raw,godwit,sse,ndjson,longpoll" },
    },
  },
];
const socketio = { transport: "socketio", path: "/socket.io/?EIO=4&transport=websocket" };
const others = [
  {
    name: "Bun",
    missing: () => (bun ? "" : "not installed (npm ci --prefix bench)"),
    version: () => packageVersion("bun"),
    kinds: {
      echo: [bun, join(here, "peers/bun.ts"), "{port}", "echo"],
      deflate: [bun, join(here, "peers/bun.ts"), "{port}", "echo", "deflate"],
      tls: [bun, join(here, "peers/bun.ts"), "{port}", "echo", "tls", ...secure],
      pubsub: [bun, join(here, "peers/bun.ts"), "{port}", "pubsub"],
      "pubsub-deflate": [bun, join(here, "peers/bun.ts"), "{port}", "pubsub", "deflate"],
    },
    ways: { raw: {}, mixed: {} },
  },
  {
    name: "libwebsockets",
    missing: () => (existsSync(join(build, "bench/lws")) ? "" : "not installed (libwebsockets-dev)"),
    version: () => debianVersion("libwebsockets-dev"),
    kinds: {
      echo: [join(build, "bench/lws"), "{port}"],
      deflate: [join(build, "bench/lws"), "{port}", "deflate"],
      tls: [join(build, "bench/lws"), "{port}", "tls", ...secure],
    },
  },
  {
    name: "Nchan",
    missing: () => (nginx && nchan ? "" : "not installed (nginx-light, libnginx-mod-nchan)"),
    version: () => debianVersion("libnginx-mod-nchan"),
    kinds: { pubsub: nchanCommand },
    ways: { raw: {}, channels: {}, sse: { transport: "sse" }, mixed: { transport: "raw,sse" } },
  },
  {
    name: "Socket.IO",
    missing: () => (existsSync(join(here, "node_modules/socket.io")) ? "" : "not installed (npm ci --prefix bench)"),
    version: () => packageVersion("socket.io"),
    kinds: { pubsub: [process.execPath, join(here, "peers/socketio.mjs"), "{port}"] },
    ways: Object.fromEntries(["raw", "mixed"].map((way) => [way, socketio])),
  },
  {
    name: "ws",
    missing: () => (existsSync(join(here, "node_modules/ws")) ? "" : "not installed (npm ci --prefix bench)"),
    version: () => packageVersion("ws"),
    kinds: {
      echo: [process.execPath, join(here, "peers/ws.mjs"), "{port}", "echo"],
      deflate: [process.execPath, join(here, "peers/ws.mjs"), "{port}", "echo", "deflate"],
      tls: [process.execPath, join(here, "peers/ws.mjs"), "{port}", "echo", "tls", ...secure],
      pubsub: [process.execPath, join(here, "peers/ws.mjs"), "{port}", "pubsub"],
      "pubsub-deflate": [process.execPath, join(here, "peers/ws.mjs"), "{port}", "pubsub", "deflate"],
    },
    ways: { raw: {}, mixed: {} },
  },
];

// NAME=COMMAND or NAME:KIND,KIND=COMMAND, the command with {port}, and {kind} (echo, deflate, tls, pubsub,
// pubsub-deflate), {cert} and {key} where it wants them: a server that was built elsewhere.
export function parseExtra(text) {
  const [, name, only, command] = /^([^=:]+)(?::([a-z,-]+))?=(.*)$/s.exec(text) ?? [];
  if (!command?.includes("{port}")) throw new Error(`not NAME=COMMAND with {port} in the command: ${text}`);
  const words = command.trim().split(/\s+/);
  const kinds = only ? only.split(",") : ["echo", "deflate", "tls", "pubsub", "pubsub-deflate"];
  return { name, missing: () => "", kinds: Object.fromEntries(kinds.map((kind) => [kind, words])) };
}

export const everyone = (extras) => [...own, ...extras, ...others];

// place: the port, the certificate's cert and key, and scratch, a folder to write in
export function commandFor(contender, row, { port, cert, key, scratch }) {
  const command = contender.kinds[row.kind];
  const words = typeof command === "function" ? command({ row, port: String(port), scratch }) : command;
  const values = { port, cert, key, kind: row.kind };
  return words.map((word) => String(word).replace(/\{(port|cert|key|kind)\}/g, (_, name) => values[name]));
}

export const wayOf = (contender, row) => (contender.ways ?? { raw: {} })[row.way ?? "raw"];
export const takesPart = (contender, row) =>
  row.kind in contender.kinds && wayOf(contender, row) && (!row.isPosted || contender.ways) &&
  (contender.modes?.includes(row.mode) ?? true);

export function makeCertificate(folder) {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  execFileSync(
    "openssl",
    [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(" "),
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
    ],
    { stdio: "ignore" },
  );
  return { cert, key };
}
