// A stream as a list: newest on top, so many and no more, what came before the page was opened included.

import { make, writeAge } from "./elements.js";
import { HubRefusal } from "./live.js";

/**
 * Keeps a list of messages; `draw(item, message)` fills one in and may return its moment in Unix seconds, which
 * is then said as an age. `identify(message, offset)` names a message, so that none is listed twice.
 */
export class StreamList {
  #list;
  #most;
  #draw;
  #identify;
  #items = new Map(); // name -> {item, age, moment}

  constructor(list, most, draw, identify = (_message, offset) => offset) {
    this.#list = list;
    this.#most = most;
    this.#draw = draw;
    this.#identify = identify;
  }

  /** Puts what has just come on top. */
  add(message, offset) {
    this.#put(message, offset, true);
    while (this.#items.size > this.#most) this.#removeOldest();
  }

  /** Puts what was said earlier below all that is here. */
  append(message, offset) {
    if (this.#items.size < this.#most) this.#put(message, offset, false);
  }

  /** Says the ages anew. */
  tick() {
    for (const { age, moment } of this.#items.values()) if (age) writeAge(age, moment);
  }

  /** Forgets everything. */
  clear() {
    this.#items.clear();
    this.#list.replaceChildren();
  }

  /** Asks the hub for what a channel has said lately, and lists it below. */
  async recall(hub, channel) {
    const { publications } = await hub.call("history", { channel, limit: this.#most, reverse: true });
    for (const { data, offset } of publications) this.append(data, offset);
  }

  #put(message, offset, isNew) {
    const name = this.#identify(message, offset);
    if (message.deleted || this.#items.has(name)) return;
    const item = make("li", isNew ? "item arriving" : "item", null);
    const moment = this.#draw(item, message);
    const age = moment ? make("time", "age", item) : null;
    if (age) writeAge(age, moment);
    if (isNew) this.#list.prepend(item);
    else this.#list.append(item);
    this.#items.set(name, { item, age, moment });
  }

  #removeOldest() {
    const last = this.#list.lastElementChild;
    for (const [name, { item }] of this.#items) if (item === last) this.#items.delete(name);
    last.remove();
  }
}

/** Listens to a stream for a list; what was missed for good is asked of the history anew. */
export class StreamListener {
  #hub;
  #channel;
  #epoch = null;

  constructor(hub, channel, list) {
    this.#hub = hub;
    this.#channel = channel;
    this.list = list;
  }

  /** Has the history asked of another connection. */
  follow(hub) {
    this.#hub = hub;
  }

  data(message, _caughtUp, offset) {
    this.list.add(message, offset);
  }

  /** Completes the list; tells whether it is whole. */
  async fresh({ epoch, wasRecovering, recovered }) {
    const whole = epoch === this.#epoch && wasRecovering && recovered;
    const isAgain = this.#epoch !== null;
    this.#epoch = epoch;
    if (whole) return true;
    if (isAgain) this.list.clear(); // there is a hole above what it lists
    try {
      await this.list.recall(this.#hub, this.#channel);
    } catch (error) {
      if (!(error instanceof HubRefusal)) throw error;
      this.#epoch = null; // the line was cut again: the next time asks once more
      return false;
    }
    return true;
  }

  tick() {
    this.list.tick();
  }
}
