// A client of the live hub: the Centrifugo client protocol, version 2, as JSON over one WebSocket.

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 20_000;
const STEADY = 5_000; // a connection that lasted this long starts the back-off anew
const GRACE = 10_000; // how late a ping may be
const FIRST_SILENCE = 15_000; // how long opening and connecting may take
const RESUBSCRIBE = 2_500; // unsubscribe codes from here on mean: ask again

/** The hub's address on the server that a page came from. */
export function hubAddress({ protocol, host }) {
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/connection/websocket`;
}

/** Tells whether a close code says that trying again is useless. */
export function isFinal(code) {
  return (code >= 3500 && code < 4000) || code >= 4500;
}

/** How long to wait before a try: twice as long after each failure, and never for two pages the same. */
export function delayAfter(failures, random = Math.random) {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** failures);
  return longest * (0.5 + random() / 2);
}

/**
 * Keeps one connection with all subscriptions alive.
 *
 * `report` hears of the connection: `{name: "connecting" | "live" | "waiting"}`, or
 * `{name: "closed", code, reason}` when the server wants no further try.
 */
export class Hub {
  #url;
  #report;
  #channels = new Map(); // name -> {listener, epoch, offset}
  #answers = new Map(); // id of a command -> what to do with its reply
  #socket = null;
  #live = false;
  #liveSince = 0;
  #lastId = 0;
  #failures = 0;
  #silence = FIRST_SILENCE;
  #retry = null;
  #watchdog = null;

  constructor(url, report) {
    this.#url = url;
    this.#report = report;
  }

  /**
   * Follows a channel. The listener's `data(object, caughtUp)` gets every newer object (`caughtUp`: it was read
   * with a subscription, not pushed), `fresh()` says that nothing is missing, `refused(error)` that it stays shut.
   */
  subscribe(channel, listener) {
    this.#channels.set(channel, { listener, epoch: "", offset: null });
    if (this.#live) this.#join(channel);
  }

  /** Connects, and from then on stays connected. */
  start() {
    const retryNow = () => this.#retry !== null && !document.hidden && this.#open();
    addEventListener("online", retryNow);
    document.addEventListener("visibilitychange", retryNow);
    this.#open();
  }

  #open() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#report({ name: "connecting" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#silence = FIRST_SILENCE;
    socket.onopen = () => this.#ask("connect", { name: "folkmoot-page" }, (reply) => this.#connected(reply));
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#end(socket, code, reason);
    this.#listen();
  }

  #listen() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#watchdog = setTimeout(() => {
      socket.close();
      this.#end(socket, 1006, "silent"); // a dead network never answers the closing handshake
    }, this.#silence);
  }

  #end(socket, code, reason) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#watchdog);
    this.#socket = null;
    this.#answers.clear();
    if (this.#live && performance.now() - this.#liveSince > STEADY) this.#failures = 0;
    this.#live = false;
    if (isFinal(code)) {
      this.#report({ name: "closed", code, reason });
      return;
    }
    this.#retry = setTimeout(() => this.#open(), delayAfter(this.#failures));
    this.#failures += 1;
    this.#report({ name: "waiting" });
  }

  #ask(method, request, answered) {
    this.#lastId += 1;
    this.#answers.set(this.#lastId, answered);
    this.#socket.send(JSON.stringify({ id: this.#lastId, [method]: request }));
  }

  #receive(text) {
    this.#listen();
    for (const line of text.split("\n")) {
      if (line.trim()) this.#take(JSON.parse(line));
    }
  }

  #take(message) {
    if (message.push) {
      this.#takePush(message.push);
    } else if (message.id) {
      const answered = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      answered?.(message);
    } else {
      this.#socket?.send("{}");
    }
  }

  #connected({ connect, error }) {
    if (error) {
      const socket = this.#socket;
      socket.close();
      this.#end(socket, error.temporary ? 1006 : 3500, error.message);
      return;
    }
    if (connect.ping) this.#silence = connect.ping * 1000 + GRACE;
    this.#live = true;
    this.#liveSince = performance.now();
    this.#report({ name: "live" });
    for (const channel of this.#channels.keys()) this.#join(channel);
  }

  #join(channel) {
    const { epoch, offset } = this.#channels.get(channel);
    const request = offset === null ? { channel } : { channel, recover: true, epoch, offset };
    this.#ask("subscribe", request, (reply) => this.#joined(channel, reply));
  }

  #joined(channel, { subscribe, error }) {
    const entry = this.#channels.get(channel);
    if (error?.temporary) {
      this.#joinSoon(channel);
    } else if (error) {
      entry.listener.refused(error);
    } else {
      if (subscribe.epoch !== entry.epoch) Object.assign(entry, { epoch: subscribe.epoch, offset: null });
      for (const publication of subscribe.publications ?? []) this.#deliver(entry, publication, true);
      entry.offset = Math.max(entry.offset ?? 0, subscribe.offset ?? 0);
      entry.listener.fresh();
    }
  }

  #joinSoon(channel) {
    const socket = this.#socket;
    const join = () => this.#live && socket === this.#socket && this.#join(channel);
    setTimeout(join, delayAfter(1));
  }

  #takePush({ channel, pub, unsubscribe }) {
    const entry = this.#channels.get(channel);
    if (!entry) return;
    if (pub) this.#deliver(entry, pub, false);
    if (unsubscribe?.code >= RESUBSCRIBE) this.#joinSoon(channel);
    else if (unsubscribe) entry.listener.refused({ code: unsubscribe.code, message: unsubscribe.reason });
  }

  #deliver(entry, publication, caughtUp) {
    const offset = publication.offset ?? 0;
    if (entry.offset !== null && offset <= entry.offset) return;
    entry.offset = offset;
    entry.listener.data(publication.data, caughtUp);
  }
}
