// What is measured: one entry a row of the table. `kind` is the server that a row needs, `mode` what the load
// generator does, `unit` what is read from its report.

const CPU = { unit: "µs/message", read: (r) => r.server.cpu_us_per_message, split: true };
const DELIVERY = { ...CPU, unit: "µs/delivery" };
const CONNECT = { ...CPU, unit: "µs/connection" };
const MEMORY = { unit: "bytes/connection", read: (r) => r.memory.anonymous, digits: 0 };
const P99 = { unit: "µs, p99", read: (r) => r.latency_us.p99, digits: 0 };

const KIB = 1024;
const MIB = 1024 * KIB;

const echo = (id, title, load) => ({ id, title, group: "echo", kind: "echo", mode: "echo", ...CPU, ...load });
const small = (size, depth) => ({ connections: 200, depth, size, payload: "ascii" });
const medium = (size, payload) => ({ connections: 50, depth: 1, size, payload });
const large = (size, payload) => ({ connections: 8, depth: 1, size, payload });
const deflate = (size) => ({ ...medium(size, "mixed"), group: "deflate", kind: "deflate" });
const secure = (size) => ({ ...medium(size, "binary"), group: "tls", kind: "tls" });
const idle = (id, title, kind, connections) => ({ id, title, group: "memory", kind, mode: "idle", connections, ...MEMORY });
const connect = (id, title, kind, connections) => ({
  id, title, group: "connections", kind, mode: "connect", connections, ...CONNECT,
});
const fanout = (id, title, connections, inFlight) => ({
  id, title, group: "fan-out", kind: "pubsub", mode: "fanout",
  connections, inFlight, size: 64, payload: "ascii", ...DELIVERY,
});
const growth = (connections) => ({
  ...echo(`growth-${connections}`, `echo 20 B, ${connections.toLocaleString("en")} connections`, small(20, 1)),
  group: "growth", connections, x: connections,
});

export const rows = [
  echo("echo-20", "echo 20 B, one outstanding", small(20, 1)),
  echo("echo-20-deep", "echo 20 B, 16 outstanding", small(20, 16)),
  echo("echo-125-deep", "echo 125 B, 16 outstanding", small(125, 16)),
  echo("echo-1k-deep", "echo 1 KiB, 16 outstanding", small(KIB, 16)),
  echo("mixed-16k", "echo mixed text 16 KiB", medium(16 * KIB, "mixed")),
  echo("mixed-1m", "echo mixed text 1 MiB", large(MIB, "mixed")),
  echo("ascii-1m", "echo ASCII text 1 MiB", large(MIB, "ascii")),
  echo("binary-16k", "echo binary 16 KiB", medium(16 * KIB, "binary")),
  echo("binary-1m", "echo binary 1 MiB", large(MIB, "binary")),
  echo("deflate-1k", "deflate echo 1 KiB", deflate(KIB)),
  echo("deflate-16k", "deflate echo 16 KiB", deflate(16 * KIB)),
  echo("wss-1k", "wss echo 1 KiB", secure(KIB)),
  echo("wss-16k", "wss echo 16 KiB", secure(16 * KIB)),
  connect("connect", "new connection", "echo", 50),
  connect("connect-tls", "new connection, TLS", "tls", 20),
  idle("idle", "idle connection", "echo", 10000),
  idle("idle-tls", "idle connection, TLS", "tls", 5000),
  idle("idle-channel", "idle subscriber of a channel", "pubsub", 10000),
  {
    ...echo("p99", "echo 64 B, 20,000/s open loop", { ...small(64), ...P99 }),
    group: "latency", mode: "open", rate: 20000, split: false,
  },
  fanout("fanout-1000", "64 B to 1,000, one in flight", 1000, 1),
  fanout("fanout-1000-8", "64 B to 1,000, eight in flight", 1000, 8),
  fanout("fanout-10000", "64 B to 10,000, one in flight", 10000, 1),
  ...[10, 100, 1000, 10000, 18000].map(growth),
];

// Bytes on the wire of a WebSocket message in one frame (RFC 6455, 5.2): to the server it is masked, four bytes more.
export function frameSizes(size) {
  const answer = size + (size < 126 ? 2 : size < 65536 ? 4 : 10);
  return { in: answer + 4, out: answer };
}
