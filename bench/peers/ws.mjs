// npm ws as an echo server, or as a fan-out: what one client sends, or a POST brings, everyone gets.
// usage: node ws.mjs PORT echo|pubsub [deflate] [tls CERT KEY]
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { WebSocketServer } from "ws";
import { bodyOf } from "./body.mjs";

const [port, mode, ...options] = process.argv.slice(2);
const tls = options.indexOf("tls");
async function onRequest(request, response) {
  publish(await bodyOf(request), false);
  response.writeHead(201).end();
}
const http =
  tls < 0
    ? createServer(onRequest)
    : createSecureServer({ cert: readFileSync(options[tls + 1]), key: readFileSync(options[tls + 2]) });
const server = new WebSocketServer({
  server: http,
  maxPayload: 64 << 20,
  perMessageDeflate: options.includes("deflate"),
});

function publish(data, binary) {
  for (const one of server.clients) one.send(data, { binary });
}

server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, binary) => {
    if (mode === "echo") socket.send(data, { binary });
    else publish(data, binary);
  });
});
http.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
