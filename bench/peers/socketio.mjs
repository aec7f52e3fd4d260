// Socket.IO as a fan-out, with connection state recovery, so that it keeps what a late client needs: what one client
// sends as "publish", or a POST brings, everyone gets as "message".
// usage: node socketio.mjs PORT
import { createServer } from "node:http";
import { Server } from "socket.io";
import { bodyOf } from "./body.mjs";

const http = createServer(async (request, response) => {
  io.emit("message", String(await bodyOf(request)));
  response.writeHead(201).end();
});
const io = new Server(http, { connectionStateRecovery: {} });

io.on("connection", (socket) => socket.on("publish", (text) => io.emit("message", text)));
http.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
