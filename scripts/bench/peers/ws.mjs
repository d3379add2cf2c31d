// A broadcast with `ws`, as its documentation shows it, without its conversion of the text for each client.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { obey } from "./command.mjs";

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

obey(server, (texts) => {
  for (const text of texts) {
    const bytes = Buffer.from(text);
    for (const client of sockets.clients) {
      client.send(bytes, { binary: false });
    }
  }
});
