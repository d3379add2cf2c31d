// A broadcast with `socket.io`: one call, which encodes once for everybody.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { obey } from "./command.mjs";

const server = createServer();
// The audience does not answer pings.
const sockets = new Server(server, { transports: ["websocket"], pingInterval: 3_600_000, serveClient: false });

obey(server, (texts) => {
  for (const text of texts) {
    sockets.emit("push", text);
  }
});
