// What the console may hear and what it follows: a row for each channel, with what can be asked about it.

import { count, make, write } from "./elements.js";

const MOST_CHIPS = 60; // channels that are offered as buttons; the field knows them all

/** Describes where a subscription stands. */
function describe({ epoch, offset, heard }) {
  return `offset ${offset}, epoch ${epoch}, ${count(heard, "publication")}`;
}

/** Shows on a channel's button whether it is followed. */
function mark(channel, followed) {
  const button = document.querySelector(`#listed [data-channel="${CSS.escape(channel)}"]`);
  button?.setAttribute("aria-pressed", String(followed));
}

/** The channels that the console follows. */
export class Following {
  #list;
  #ask;
  #rows = new Map(); // channel -> {row, facts, answer, epoch, offset, heard}

  /** `ask(method, request)` talks to the hub. */
  constructor(list, ask) {
    this.#list = list;
    this.#ask = ask;
  }

  has(channel) {
    return this.#rows.has(channel);
  }

  /** Shows a new subscription. */
  add(channel, { epoch, offset, publications }) {
    const row = make("li", "followed");
    const head = make("p", "followed-head", row);
    make("code", "", head).textContent = channel;
    const entry = { row, facts: make("p", "soft", row), epoch, offset, heard: publications.length };
    const buttons = make("p", "asks", row);
    entry.answer = make("pre", "answer", row, { role: "status", tabindex: 0 });
    entry.answer.hidden = true;
    this.#button(buttons, "Latest 10", channel, () => this.#show(entry, "history", { channel, limit: 10, reverse: true }));
    this.#button(buttons, "How many listen", channel, () => this.#show(entry, "presence_stats", { channel }));
    this.#button(buttons, "Who listens", channel, () => this.#show(entry, "presence", { channel }));
    this.#button(buttons, "Unsubscribe", channel, () => this.leave(channel));
    if (!this.#rows.size) this.#list.replaceChildren();
    this.#rows.set(channel, entry);
    this.#list.append(row);
    write(entry.facts, describe(entry));
    mark(channel, true);
  }

  #button(parent, text, channel, act) {
    const button = make("button", "quiet", parent, { type: "button", "aria-label": `${text}: ${channel}` });
    button.textContent = text;
    button.addEventListener("click", act);
  }

  /** Takes note of a publication. */
  hear(channel, { offset }) {
    const entry = this.#rows.get(channel);
    if (!entry) return;
    entry.heard += 1;
    if (offset !== undefined) entry.offset = offset;
    write(entry.facts, describe(entry));
  }

  async #show(entry, method, request) {
    entry.answer.hidden = false;
    try {
      write(entry.answer, JSON.stringify((await this.#ask(method, request)).result, null, 1));
    } catch (error) {
      write(entry.answer, `${method}: error ${error.code}, ${error.message}`);
    }
  }

  /** Gives a channel back. */
  async leave(channel) {
    try {
      await this.#ask("unsubscribe", { channel });
    } catch {
      // The line was cut meanwhile, and all subscriptions with it.
    }
    this.drop(channel);
  }

  /** Forgets a channel. */
  drop(channel) {
    const entry = this.#rows.get(channel);
    if (!entry) return;
    const next = entry.row.nextElementSibling ?? entry.row.previousElementSibling;
    const focused = entry.row.contains(document.activeElement);
    entry.row.remove();
    this.#rows.delete(channel);
    mark(channel, false);
    if (!this.#rows.size) make("li", "soft", this.#list).textContent = "Nothing yet.";
    if (focused) (next?.querySelector("button") ?? document.getElementById("channel")).focus();
  }

  clear() {
    for (const channel of [...this.#rows.keys()]) this.drop(channel);
  }
}

/** Puts channels of large families, such as one for every event, behind those of small ones. */
export function sortByFamily(names) {
  const family = (name) => name.split(/[:#]/)[0];
  const sizes = Map.groupBy(names, family);
  return names.toSorted((a, b) => sizes.get(family(a)).length - sizes.get(family(b)).length);
}

/** Offers the channels that may be subscribed to. */
export function offerChannels(listed, subscribe) {
  const names = sortByFamily(listed);
  const byId = (id) => document.getElementById(id);
  const options = names.map((name) => {
    const option = document.createElement("option");
    option.value = name;
    return option;
  });
  byId("known").replaceChildren(...options);
  const chips = names.slice(0, MOST_CHIPS).map((name) => {
    const item = document.createElement("li");
    const button = make("button", "chip", item, { type: "button", "data-channel": name, "aria-pressed": "false" });
    make("code", "", button).textContent = name;
    button.addEventListener("click", () => subscribe(name));
    return item;
  });
  if (names.length > MOST_CHIPS) {
    const rest = make("li", "soft");
    rest.textContent = `and ${names.length - MOST_CHIPS} more: type a name`;
    chips.push(rest);
  }
  byId("listed").replaceChildren(...chips);
  write(byId("listed-count"), count(names.length, "channel"));
}
