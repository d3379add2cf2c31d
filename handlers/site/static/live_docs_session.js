// One connection to the hub that hides nothing: every frame in and out is shown, nothing is retried.

import { HubRefusal } from "./live.js";

const LOST = { code: 0, message: "not connected" };

/** Tells whether a frame is a ping or a pong. */
export function isPing(frame) {
  return frame.trim() === "{}";
}

/**
 * A WebSocket that speaks the hub's protocol.
 *
 * `listener.frame("in" | "out", text)` hears every line; `push(push)`, `ping()` and `ended({code, reason})` what
 * they say.
 */
export class Session {
  #socket;
  #listener;
  #lastId = 0;
  #asked = new Map(); // id of a command -> {method, resolve, reject, at}
  #ended = false;

  constructor(url, listener) {
    this.#listener = listener;
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason);
  }

  /** Waits until the line is open. */
  opened() {
    return new Promise((resolve) => this.#socket.addEventListener("open", resolve, { once: true }));
  }

  /** Sends a command; resolves to its result and how long it took in ms, rejects with a HubRefusal. */
  ask(method, request) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { method, resolve, reject, at: performance.now() });
      if (!this.send(JSON.stringify({ id, [method]: request }))) this.#lose(id);
    });
  }

  /** Sends a text as it is; false where there is no line. */
  send(text) {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#listener.frame("out", text);
    this.#socket.send(text);
    return true;
  }

  /** Ends the connection. */
  close() {
    this.#socket.close();
    this.#end(1000, "closed here"); // a dead network never answers the closing handshake
  }

  #end(code, reason) {
    if (this.#ended) return;
    this.#ended = true;
    for (const id of [...this.#asked.keys()]) this.#lose(id);
    this.#listener.ended({ code, reason });
  }

  #lose(id) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked.reject(new HubRefusal(LOST));
  }

  #receive(text) {
    if (this.#ended) return;
    for (const line of text.split("\n").filter((each) => each.trim())) {
      this.#listener.frame("in", line);
      this.#take(JSON.parse(line));
    }
  }

  #take(message) {
    if (message.push) {
      this.#listener.push(message.push);
    } else if (message.id) {
      this.#settle(message);
    } else {
      this.send("{}");
      this.#listener.ping();
    }
  }

  #settle({ id, error, ...rest }) {
    const asked = this.#asked.get(id);
    if (!asked) return; // the answer to a frame that was typed by hand
    this.#asked.delete(id);
    if (error) asked.reject(new HubRefusal(error));
    else asked.resolve({ result: rest[asked.method], took: performance.now() - asked.at });
  }
}
