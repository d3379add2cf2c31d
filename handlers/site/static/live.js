// A client of the live hub: the Centrifugo client protocol, version 2, as JSON over one WebSocket.

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 20_000;
const STEADY = 5_000; // a connection that lasted this long starts the back-off anew
const GRACE = 10_000; // how late a ping may be
const FIRST_SILENCE = 15_000; // how long opening and connecting may take
const RESUBSCRIBE = 2_500; // unsubscribe codes from here on mean: ask again
const INVALID_TOKEN = 3_500;
const RENEWAL = 0.9; // of a token's life, after which another is fetched

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

/** What the hub answers when it doesn't do what it was asked for. */
export class HubRefusal extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** Trades the credential of any dialect for a token of the hub's; a HubRefusal where it is no good. */
export async function tradeCredential(credential) {
  const response = await fetch("/connection/token", { method: "POST", headers: { Authorization: credential } });
  if (response.status === 401) throw new HubRefusal({ code: INVALID_TOKEN, message: "the credential is not valid" });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return (await response.json()).token;
}

/**
 * Keeps one connection with all subscriptions alive.
 *
 * `report` hears of the connection: `{name: "connecting" | "live" | "waiting"}`, or
 * `{name: "closed", code, reason}` when the server wants no further try.
 * `getToken`, where given, resolves to the token of each connect; else the browser's own cookie counts.
 */
export class Hub {
  #url;
  #report;
  #getToken;
  #channels = new Map(); // name -> {listeners, epoch, offset, last, position}
  #answers = new Map(); // id of a command -> {answered, lost}
  #socket = null;
  #attempt = 0;
  #live = false;
  #liveSince = 0;
  #lastId = 0;
  #failures = 0;
  #silence = FIRST_SILENCE;
  #retry = null;
  #watchdog = null;
  #renewal = null;

  constructor(url, report, getToken = null) {
    this.#url = url;
    this.#report = report;
    this.#getToken = getToken;
  }

  /**
   * Follows a channel. The listener's `data(object, caughtUp, offset)` gets every newer object (`caughtUp`: it was
   * read with a subscription, not pushed), `fresh({epoch, offset, wasRecovering, recovered, missed})` says that
   * nothing is missing from here on, `refused(error)` that it stays shut.
   */
  subscribe(channel, listener) {
    const entry = this.#channels.get(channel);
    if (!entry) {
      this.#channels.set(channel, { listeners: new Set([listener]), epoch: "", offset: null, last: null });
      if (this.#live) this.#join(channel);
      return;
    }
    entry.listeners.add(listener);
    if (entry.last) listener.data(entry.last.data, true, entry.last.offset);
    if (entry.position) listener.fresh(entry.position);
  }

  /** Gives a channel back, when this was its last listener. */
  unsubscribe(channel, listener) {
    const entry = this.#channels.get(channel);
    if (!entry?.listeners.delete(listener) || entry.listeners.size) return;
    this.#channels.delete(channel);
    if (this.#live) this.#ask("unsubscribe", { channel }, () => {});
  }

  /** Asks the hub something (`rpc`, `history`, `presence_stats`); rejects with HubRefusal, also when the line is cut. */
  call(method, request) {
    const lost = new HubRefusal({ code: 0, message: "not connected" });
    if (!this.#live) return Promise.reject(lost);
    return new Promise((resolve, reject) => {
      const answered = ({ error, [method]: result }) => (error ? reject(new HubRefusal(error)) : resolve(result));
      this.#ask(method, request, answered, () => reject(lost));
    });
  }

  /** Connects, and from then on stays connected. */
  start() {
    const retryNow = () => this.#retry !== null && !document.hidden && this.#open();
    addEventListener("online", retryNow);
    document.addEventListener("visibilitychange", retryNow);
    this.#open();
  }

  /** Connects anew as somebody else; every subscription is asked for again. */
  become(getToken) {
    this.#getToken = getToken;
    const socket = this.#socket;
    if (socket) this.#drop();
    socket?.close();
    this.#failures = 0;
    this.#open();
  }

  async #open() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#attempt += 1;
    this.#report({ name: "connecting" });
    if (!this.#getToken) {
      this.#dial("");
      return;
    }
    const attempt = this.#attempt;
    try {
      const token = await this.#getToken();
      if (attempt === this.#attempt) this.#dial(token);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof HubRefusal) this.#report({ name: "closed", code: error.code, reason: error.message });
      else this.#retryLater();
    }
  }

  #dial(token) {
    const socket = new WebSocket(this.#url);
    const request = { name: "folkmoot-page", ...(token ? { token } : {}) };
    this.#socket = socket;
    this.#silence = FIRST_SILENCE;
    socket.onopen = () => socket === this.#socket && this.#ask("connect", request, (reply) => this.#connected(reply));
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
    if (this.#live && performance.now() - this.#liveSince > STEADY) this.#failures = 0;
    this.#drop();
    if (isFinal(code)) this.#report({ name: "closed", code, reason });
    else this.#retryLater();
  }

  #drop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#renewal);
    const unanswered = [...this.#answers.values()];
    this.#socket = null;
    this.#live = false;
    this.#answers.clear();
    for (const entry of this.#channels.values()) entry.position = null;
    for (const { lost } of unanswered) lost?.();
  }

  #retryLater() {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), delayAfter(this.#failures));
    this.#failures += 1;
    this.#report({ name: "waiting" });
  }

  #ask(method, request, answered, lost) {
    this.#lastId += 1;
    this.#answers.set(this.#lastId, { answered, lost });
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
      const asked = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      asked?.answered(message);
    } else {
      this.#socket?.send("{}");
    }
  }

  #connected({ connect, error }) {
    if (error) {
      const socket = this.#socket;
      socket.close();
      // An expired token (109) is replaced by the next try, where somebody fetches tokens.
      const again = error.temporary || (error.code === 109 && this.#getToken);
      this.#end(socket, again ? 1006 : INVALID_TOKEN, error.message);
      return;
    }
    if (connect.ping) this.#silence = connect.ping * 1000 + GRACE;
    this.#live = true;
    this.#liveSince = performance.now();
    this.#plan(connect);
    this.#report({ name: "live" });
    for (const channel of this.#channels.keys()) this.#join(channel);
  }

  #plan({ expires, ttl }) {
    clearTimeout(this.#renewal);
    if (expires && ttl && this.#getToken) this.#renewal = setTimeout(() => this.#renew(), ttl * RENEWAL * 1000);
  }

  async #renew() {
    const socket = this.#socket;
    try {
      const token = await this.#getToken();
      if (socket !== this.#socket || !this.#live) return;
      this.#ask("refresh", { token }, ({ refresh }) => refresh && this.#plan(refresh));
    } catch {
      // The hub ends the connection when the token does; the next try then finds out why.
    }
  }

  #join(channel) {
    const { epoch, offset } = this.#channels.get(channel);
    const request = offset === null ? { channel } : { channel, recover: true, epoch, offset };
    this.#ask("subscribe", request, (reply) => this.#joined(channel, reply));
  }

  #joined(channel, { subscribe, error }) {
    const entry = this.#channels.get(channel);
    if (!entry) return;
    if (error?.temporary) {
      this.#joinSoon(channel);
    } else if (error) {
      this.#refuse(entry, error);
    } else {
      const before = subscribe.epoch === entry.epoch ? entry.offset : null;
      if (before === null) Object.assign(entry, { epoch: subscribe.epoch, offset: null });
      for (const publication of subscribe.publications ?? []) this.#deliver(entry, publication, true);
      entry.offset = Math.max(entry.offset ?? 0, subscribe.offset ?? 0);
      entry.position = {
        epoch: subscribe.epoch,
        offset: entry.offset,
        wasRecovering: subscribe.was_recovering === true,
        recovered: subscribe.recovered === true,
        missed: before === null ? 0 : entry.offset - before,
      };
      for (const listener of entry.listeners) listener.fresh(entry.position);
    }
  }

  #refuse(entry, error) {
    Object.assign(entry, { last: null, position: null });
    for (const listener of entry.listeners) listener.refused(error);
  }

  #joinSoon(channel) {
    const socket = this.#socket;
    const join = () => this.#live && socket === this.#socket && this.#channels.has(channel) && this.#join(channel);
    setTimeout(join, delayAfter(1));
  }

  #takePush({ channel, pub, unsubscribe }) {
    const entry = this.#channels.get(channel);
    if (!entry) return;
    if (pub) this.#deliver(entry, pub, false);
    if (unsubscribe?.code >= RESUBSCRIBE) this.#joinSoon(channel);
    else if (unsubscribe) this.#refuse(entry, { code: unsubscribe.code, message: unsubscribe.reason });
  }

  #deliver(entry, publication, caughtUp) {
    const offset = publication.offset ?? 0;
    if (entry.offset !== null && offset <= entry.offset) return;
    entry.offset = offset;
    entry.last = { data: publication.data, offset };
    for (const listener of entry.listeners) listener.data(publication.data, caughtUp, offset);
  }
}
