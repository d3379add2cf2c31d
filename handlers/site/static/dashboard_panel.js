// One channel on the dashboard: its head, what it says, how fast, and how it came through cut lines.

import { describeChannel } from "./dashboard_kinds.js";
import { writePlan } from "./dashboard_plan.js";
import { count, make, write, writeAge } from "./elements.js";
import { drawStrokes, Rate } from "./rate.js";
import { markFresh } from "./status.js";

const SVG = "http://www.w3.org/2000/svg";
const REFUSED = {
  101: "Sign in to see this channel.",
  102: "There is no such channel.",
  103: "This channel is not open to you. Signing in may help.",
};

function draw(name, parent, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

function describeRecovery({ wasRecovering, recovered, missed }, seconds) {
  const cut = seconds === null ? "" : ` after the line was cut for ${count(seconds, "second")}`;
  if (wasRecovering && !recovered) return `Some messages are lost for good${cut}; the history shows what it still has.`;
  if (wasRecovering && missed > 0) return `Caught up ${count(missed, "message")}${cut}.`;
  if (seconds === null) return "";
  return wasRecovering ? `Nothing was missed${cut}.` : `Begun anew${cut}.`;
}

/** Shows a channel; `remove(panel)` is what its button does. */
export class Panel {
  #hub;
  #view;
  #rate = new Rate(performance.now());
  #parts = {};
  #cutAt = null;
  #isFresh = false;
  #lastAt = null;

  constructor(channel, { hub, session, remove }) {
    this.channel = channel;
    this.#hub = hub;
    const { kind, title, key, View } = describeChannel(channel);
    const id = `panel-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    this.element = make("section", `panel ${kind.toLowerCase()}`, null, { "aria-labelledby": id, "data-channel": channel });
    this.#makeHead(id, kind, title, remove);
    this.#parts.refusal = make("p", "refusal", this.element);
    this.#parts.refusal.hidden = true;
    const body = make("div", "body", this.element);
    this.#makeFoot();
    const rename = (text, note) => this.#rename(text, note);
    this.#view = new View(body, { channel, key, hub, session, rename });
    hub.subscribe(channel, this);
    this.tick();
  }

  /** Where the focus goes when a neighbour is gone. */
  get removeButton() {
    return this.#parts.remove;
  }

  data(message, caughtUp, offset) {
    if (!caughtUp) this.#rate.add(1, performance.now());
    if (!caughtUp) this.#lastAt = Date.now() / 1000;
    this.#view.data(message, caughtUp, offset);
    this.#tellPosition(offset);
  }

  fresh(position) {
    const seconds = this.#cutAt === null ? null : Math.max(1, Math.round((performance.now() - this.#cutAt) / 1000));
    const isAgain = this.#isFresh || this.#cutAt !== null;
    Object.assign(this, { epoch: position.epoch });
    this.#isFresh = true;
    this.#cutAt = null;
    this.#parts.refusal.hidden = true;
    if (isAgain) write(this.#parts.recovery, describeRecovery(position, seconds));
    this.#tellPosition(position.offset);
    markFresh(this.element);
    this.#view.fresh(position);
  }

  refused({ code, message }) {
    this.#isFresh = false;
    this.#cutAt = null;
    this.#parts.refusal.hidden = false;
    write(this.#parts.refusal, REFUSED[code] ?? `The server does not give this out: ${message}.`);
    write(this.#parts.position, `${code} ${message}`);
    write(this.#parts.recovery, "");
    this.element.removeAttribute("data-filled");
    this.element.toggleAttribute("data-refused", true);
    this.#view.refused();
  }

  /** Notes that the line is cut. */
  cut() {
    if (this.#isFresh) this.#cutAt ??= performance.now();
  }

  /** Draws the rate and says ages anew. */
  tick() {
    const counts = this.#rate.list(performance.now());
    const sum = counts.reduce((total, each) => total + each, 0);
    this.#parts.strokes.setAttribute("d", drawStrokes(counts, 20));
    this.#parts.base.setAttribute("d", `M${counts.lastIndexOf(null) + 1} 20H60`);
    write(this.#parts.rate, `${count(sum, "message")} in the last minute`);
    if (this.#lastAt !== null) writeAge(this.#parts.last, this.#lastAt);
    this.#view.tick();
  }

  /** Ends what the panel follows. */
  close() {
    this.#hub.unsubscribe(this.channel, this);
    this.#view.close();
    this.element.remove();
  }

  #makeHead(id, kind, title, remove) {
    const head = make("header", "", this.element);
    const names = make("div", "names", head);
    make("p", "kind", names).textContent = kind;
    this.#parts.title = make("h2", "", names, { id });
    this.#parts.note = make("p", "note soft", names);
    this.#rename(title, "");
    const tools = make("p", "tools", head);
    const href = writePlan({ channels: [this.channel], wall: false });
    make("a", "tool", tools, { href, "aria-label": `Only ${this.channel}`, title: "Only this channel" }).textContent = "↗";
    this.#parts.remove = make("button", "tool", tools, { type: "button", "aria-label": `Remove ${this.channel}`, title: "Remove" });
    this.#parts.remove.textContent = "×";
    this.#parts.remove.addEventListener("click", () => remove(this));
  }

  #makeFoot() {
    const foot = make("footer", "pulse", this.element);
    const chart = draw("svg", foot, { class: "chart", viewBox: "0 0 60 20", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.#parts.base = draw("path", chart, { class: "base", d: "" });
    this.#parts.strokes = draw("path", chart, { class: "strokes", d: "" });
    const rate = make("p", "rate-line", foot);
    this.#parts.rate = make("span", "", rate);
    this.#parts.last = make("time", "", make("span", "last", rate));
    const trail = make("p", "trail", foot);
    make("code", "", trail).textContent = this.channel;
    this.#parts.position = make("span", "position", trail);
    this.#parts.recovery = make("p", "recovery", foot);
  }

  #rename(text, note = "") {
    write(this.#parts.title, text);
    write(this.#parts.note, note);
  }

  #tellPosition(offset) {
    this.element.removeAttribute("data-refused");
    const epoch = (this.epoch ?? "").slice(-6);
    write(this.#parts.position, `offset ${offset}${epoch ? `, epoch …${epoch}` : ""}`);
  }
}
