// What is measured: one entry a row of the table. `kind` is the server that a row needs, `mode` what the load
// generator does, `way` how its connections hear a channel (contenders.mjs knows who has it), `unit` what is read from
// its report, `more` what else is, each a row of its own. `base` is the row that it is compared with beside the others.

const CPU = { unit: "µs/message", read: (r) => r.server.cpu_us_per_message, split: true };
const DELIVERY = { ...CPU, unit: "µs/delivery", digits: undefined };
const CONNECT = { ...CPU, unit: "µs/connection" };
const MEMORY = { unit: "bytes/connection", read: (r) => r.memory.anonymous, digits: 0 };
const LAST = (title, name) => ({
  title: `${title}: ${name} to the last`, unit: `µs, ${name}`, read: (r) => r.last_latency_us[name], digits: 0,
});
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
const compressed = (id, title, load) => [
  { ...fanout(id, title, load.connections, 1), ...load },
  {
    ...fanout(`${id}-deflate`, `${title}, compressed`, load.connections, 1), ...load,
    kind: "pubsub-deflate", base: id,
  },
];
const byTransport = (way, name) =>
  [1, 8].map((inFlight) => ({
    ...fanout(`transport-${way}-${inFlight}`, `64 B to 1,000 by ${name}, ${inFlight} in flight`, 1000, inFlight),
    group: "transports", way, isPosted: true,
  }));
const mixed = (id, title, way) => ({
  ...fanout(id, title, 10000, 1),
  ...{ group: "mixed", way, isPosted: true, split: false, ...LAST(title, "p50") },
  more: [LAST(title, "p99"), { ...DELIVERY, title: `${title}: CPU` }],
});
const slow = (id, title, count) => ({
  ...fanout(id, title, 10000, 1),
  ...{ group: "slow", slow: count || undefined, ...P99, split: false },
  more: [
    { title: `${title}: p50`, unit: "µs, p50", read: (r) => r.latency_us.p50 },
    { ...DELIVERY, title: `${title}: CPU` },
  ],
});
// Sessions hold one channel, a hundred of them each: nobody has 10,000 joins to tell.
const session = (id, title, way, path, more) => ({
  ...idle(id, title, "pubsub", 5000), group: "sessions", way, path: `/channels/${path}`, ...more,
});

const number = (n) => n.toLocaleString("en");
const CONNECTIONS = "connections, one message outstanding on each";
const growth = (connections) => ({
  ...echo(`growth-${connections}`, `echo 20 B, ${number(connections)} connections`, small(20, 1)),
  group: "growth", connections, x: connections, axis: CONNECTIONS,
});
const fanoutGrowth = (connections) => ({
  ...fanout(`fanout-growth-${connections}`, `64 B to ${number(connections)}`, connections, 1),
  group: "fan-out-growth", x: connections, axis: "subscribers of one channel",
});
const channelGrowth = (connections) => ({
  ...echo(`channels-growth-${connections}`, `64 B, each of ${number(connections)} on its own channel`, small(64, 1)),
  ...{ group: "channels-growth", kind: "pubsub", way: "channels", path: "/channels/bench-{n}" },
  connections, x: connections, axis: "channels, a publisher and subscriber on each, one message outstanding",
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
  ...compressed("fanout-1k-10", "1 KiB of text to 10", { connections: 10, size: KIB, payload: "mixed" }),
  ...compressed("fanout-1k-1000", "1 KiB of text to 1,000", { connections: 1000, size: KIB, payload: "mixed" }),
  ...byTransport("raw", "raw WebSocket"),
  ...byTransport("godwit", "godwit.v1"),
  ...byTransport("sse", "SSE"),
  ...byTransport("ndjson", "NDJSON"),
  ...byTransport("longpoll", "long poll"),
  mixed("mixed", "POST, 10,000 on mixed transports", "mixed"),
  mixed("mixed-polls", "POST, 10,000 with long polls among them", "polls"),
  slow("slow-0", "64 B to 10,000, all read", 0),
  { ...slow("slow-1", "64 B to 10,000, one of them never reads", 1), base: "slow-0" },
  session("session-raw", "raw WebSocket", "user", "s{n/100}"),
  session("session-raw-user", "raw WebSocket, a user", "user", "s{n/100}?user=u{n}"),
  session("session-godwit", "godwit.v1", "godwit", "s{n/100}"),
  session("session-godwit-user", "godwit.v1, a user with an inbox", "godwit", "s{n/100}?user=u{n}"),
  session("session-godwit-quiet", "godwit.v1, a user with an inbox, no presence", "godwit", "quiet:s{n/100}?user=u{n}", {
    channels: "quiet:*=presence:off",
  }),
  session("session-sse", "SSE", "sse", "s{n/100}"),
  session("session-longpoll", "long poll", "longpoll", "s{n/100}"),
  ...[10, 100, 1000, 10000, 18000].map(growth),
  ...[10, 100, 1000, 10000, 18000].map(fanoutGrowth),
  ...[10, 100, 1000, 10000].map(channelGrowth),
];

// Bytes on the wire of a WebSocket message in one frame (RFC 6455, 5.2): to the server it is masked, four bytes more.
export function frameSizes(size) {
  const answer = size + (size < 126 ? 2 : size < 65536 ? 4 : 10);
  return { in: answer + 4, out: answer };
}
