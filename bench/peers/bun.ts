// Bun's own server (uWebSockets inside) as an echo server, or as a fan-out through its publish: what one
// client sends, or a POST brings, everyone gets.
// usage: bun bun.ts PORT echo|pubsub [deflate] [tls CERT KEY]
const [port, mode, ...options] = Bun.argv.slice(2);
const tls = options.indexOf("tls");
const deflate = options.includes("deflate");

const server = Bun.serve({
  port: Number(port),
  hostname: "127.0.0.1",
  tls: tls < 0 ? undefined : { cert: Bun.file(options[tls + 1]), key: Bun.file(options[tls + 2]) },
  async fetch(request, server) {
    if (request.method === "POST") {
      server.publish("all", await request.text(), deflate);
      return new Response(null, { status: 201 });
    }
    return server.upgrade(request) ? undefined : new Response("WebSocket only", { status: 426 });
  },
  websocket: {
    maxPayloadLength: 64 << 20,
    backpressureLimit: 100 << 20,
    perMessageDeflate: deflate,
    open(socket) {
      if (mode === "pubsub") socket.subscribe("all");
    },
    message(socket, message) {
      if (mode === "pubsub") server.publish("all", message, deflate);
      else socket.send(message, deflate);
    },
  },
});
