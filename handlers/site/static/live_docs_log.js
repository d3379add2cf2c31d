// The list of frames: newest last, never longer than it may be, and still while it is paused.

import { make, write } from "./elements.js";
import { isPing } from "./live_docs_session.js";

const MOST = 400; // frames that are kept
const LONGEST = 4_000; // characters that are shown of one
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

export class FrameLog {
  #list;
  #count;
  #seen = { in: 0, out: 0 };
  #waiting = [];
  #due = false;
  paused = false;
  pings = false;

  constructor(list, count) {
    this.#list = list;
    this.#count = count;
  }

  /** Takes note of a frame. */
  add(direction, text) {
    if (!this.pings && isPing(text)) return;
    this.#seen[direction] += 1;
    this.#waiting.push({ direction, text, at: new Date() });
    if (this.#waiting.length > MOST) this.#waiting.shift();
    this.#drawSoon();
  }

  /** Stops drawing, or shows what came meanwhile. */
  pause(paused) {
    this.paused = paused;
    this.#drawSoon();
  }

  clear() {
    this.#waiting = [];
    this.#seen = { in: 0, out: 0 };
    this.#list.replaceChildren();
    this.#drawSoon();
  }

  // A busy channel brings hundreds of frames a second; they are drawn together.
  #drawSoon() {
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => this.#draw(), 50);
  }

  #draw() {
    this.#due = false;
    const { in: down, out: up } = this.#seen;
    const held = this.paused && this.#waiting.length ? `, ${this.#waiting.length} held back` : "";
    write(this.#count, down + up ? `${up} out, ${down} in${held}` : "");
    if (this.paused || !this.#waiting.length) return;
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (const frame of this.#waiting.splice(0)) list.append(this.#row(frame));
    while (list.children.length > MOST) list.firstChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  #row({ direction, text, at }) {
    const row = make("p", "frame");
    row.dataset.way = direction;
    make("time", "", row, { datetime: at.toISOString() }).textContent = CLOCK.format(at);
    make("span", "way", row).textContent = direction === "in" ? "in" : "out";
    const more = text.length > LONGEST ? ` … ${text.length - LONGEST} more characters` : "";
    make("code", "", row).textContent = text.slice(0, LONGEST) + more;
    return row;
  }
}
