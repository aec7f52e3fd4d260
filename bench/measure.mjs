// One run: start the server on its core, the load generator on the other, read the report, stop the server.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { commandFor, wayOf } from "./contenders.mjs";

const SETTLE = 1500; // ms for a server to give back what it needed for the handshakes
const START = 10000; // ms to come up

const pinned = (core, command) => (cpus().length > 1 ? ["taskset", "-c", String(core), ...command] : command);

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

function launch(command) {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  const done = new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: -1, error }));
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const output = { out: "", err: "" };
  child.stdout.on("data", (data) => (output.out += data));
  child.stderr.on("data", (data) => (output.err = (output.err + data).slice(-2000)));
  return { child, done, output };
}

async function startServer(contender, row, place) {
  const port = await freePort();
  const server = launch(pinned(0, commandFor(contender, row, { port, ...place })));
  let over = false;
  server.done.then(() => (over = true));
  for (const end = Date.now() + START; !(await answers(port)); await sleep(20)) {
    if (over || Date.now() > end) {
      server.child.kill("SIGKILL");
      throw new Error(`${contender.name} does not start: ${server.output.err.trim() || "no answer"}`);
    }
  }
  const { pid } = server.child;
  return { ...server, port, pid, descriptors: descriptorsOf(pid) };
}

async function stopServer({ child, done }) {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await done;
  clearTimeout(timer);
}

function loadCommand(load, contender, row, server, options) {
  const at = `127.0.0.1:${server.port}`;
  const way = wayOf(contender, row);
  const isPubsub = row.kind.startsWith("pubsub");
  const path = way.path ?? row.path ?? (isPubsub ? "/channels/bench" : "/");
  const words = [load, "bench", `${row.kind === "tls" ? "wss" : "ws"}://${at}${path}`, "--mode", row.mode, "--json"];
  const option = (name, value) => value !== undefined && words.push(`--${name}`, String(value));
  option("transport", way.transport);
  option("connections", row.connections);
  option("depth", row.depth);
  option("size", row.size);
  option("payload", row.payload);
  option("rate", row.rate);
  option("in-flight", row.inFlight);
  option("slow", row.slow);
  option("publish-url", row.isPosted ? `http://${at}/channels/bench` : undefined);
  option("server-pid", server.pid);
  if (row.mode === "idle") option("hold", row.connections > 100 ? options.hold : 0.5);
  else {
    option("duration", options.seconds);
    option("warmup", options.warmup);
  }
  if (row.kind === "tls") words.push("--insecure");
  if (row.kind === "deflate") words.push("--deflate");
  if (row.kind === "pubsub-deflate") words.push("--deflate", "--takeover");
  if (contender.tcp) words.push("--tcp");
  return pinned(1, words);
}

// User-space memory only: what the process itself holds, without its program text and without the kernel's buffers.
function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)[1]) * 1024;
  return { anonymous: field("Anonymous"), rss: field("Rss"), pss: field("Pss") };
}
const descriptorsOf = (pid) => readdirSync(`/proc/${pid}/fd`).length;

async function watchMemory(server, generator, before, connections) {
  const wanted = server.descriptors + connections * 0.99; // the last ones come while it settles
  let over = false;
  generator.done.then(() => (over = true));
  while (descriptorsOf(server.pid) < wanted && !over) await sleep(50);
  await sleep(SETTLE);
  if (over) throw new Error("the connections were not held");
  const after = memoryOf(server.pid);
  return Object.fromEntries(Object.keys(after).map((name) => [name, (after[name] - before[name]) / connections]));
}

function generate(command, seconds) {
  const generator = launch(command);
  const limit = setTimeout(() => generator.child.kill("SIGKILL"), (seconds + 60) * 1000);
  const report = generator.done.then(({ code, error }) => {
    clearTimeout(limit);
    if (code !== 0) throw new Error(generator.output.err.trim() || error?.message || `load generator: exit ${code}`);
    return JSON.parse(generator.output.out);
  });
  return { generator, report };
}

// Memory is read while the connections are held; a hundred that came and went before have paged in what all share.
async function measureIdle(load, contender, row, server, options) {
  const command = (connections) => loadCommand(load, contender, { ...row, connections }, server, options);
  await generate(command(100), options.hold).report;
  const before = memoryOf(server.pid);
  const { generator, report } = generate(command(row.connections), options.hold);
  const [memory, result] = await Promise.all([
    watchMemory(server, generator, before, row.connections),
    report,
  ]);
  return { ...result, memory };
}

export async function run(load, contender, row, place, options) {
  const server = await startServer(contender, row, place);
  try {
    const result =
      row.mode === "idle"
        ? await measureIdle(load, contender, row, server, options)
        : await generate(loadCommand(load, contender, row, server, options), options.seconds + options.warmup).report;
    if (result.errors > 0) throw new Error(`${result.errors} errors on the connections`);
    return result;
  } finally {
    await stopServer(server);
  }
}
