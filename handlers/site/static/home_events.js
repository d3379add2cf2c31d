// Events filling up: what comes next, how many have signed up, how many came.

import { count, leaf, make, write } from "./elements.js";
import { markFresh, markRefused } from "./status.js";

const SHOWN = 5;
const LEAST_SCALE = 10; // people that fill a bar, at the least
const SCALE_STEP = 10; // so that one more person moves one bar, and not all of them

/** Fetches the next public events; the latest ones where none is to come. */
export async function fetchEvents(now = new Date()) {
  const ask = async (query) => {
    const response = await fetch(`/api/event/?page_size=${SHOWN}&${query}`);
    if (!response.ok) throw new Error(`events: ${response.status}`);
    return (await response.json()).results;
  };
  const today = `${now.toISOString().slice(0, 10)}T00:00:00Z`;
  const next = await ask(`ordering=start_date&start_date__gte=${today}`);
  return next.length ? next : (await ask("ordering=-start_date")).reverse();
}

class EventRow {
  #panel;
  #parts;
  counts = null;

  constructor(panel, list, event) {
    this.#panel = panel;
    const item = make("li", "gathering", list);
    const date = make("time", "leaf", item, { datetime: event.start_date ?? "" });
    if (event.start_date) {
      const { day, month } = leaf(event.start_date);
      make("b", "", date).textContent = day;
      make("span", "", date).textContent = month;
    }
    const name = make("span", "name", item, { id: `event-${event.id}` });
    write(name, event.name);
    const number = make("b", "number", item);
    const track = make("span", "track", item, { role: "meter", "aria-labelledby": name.id, "aria-valuemin": 0 });
    make("span", "where", item).textContent = event.location?.place ?? "";
    this.#parts = {
      track,
      number,
      registered: make("span", "bar registered", track),
      attended: make("span", "bar attended", track),
      came: make("span", "came", item),
    };
  }

  data(counts) {
    this.counts = counts;
    this.#panel.draw();
  }

  fresh() {
    this.#panel.fresh();
  }

  refused() {
    this.counts = null;
  }

  draw(scale) {
    const { registered, attended } = this.counts;
    const { track, number, came } = this.#parts;
    const told = attended ? `signed up, ${attended} came` : "signed up";
    write(number, String(registered));
    write(came, told);
    this.#parts.registered.style.setProperty("--length", (registered / scale).toFixed(4));
    this.#parts.attended.style.setProperty("--length", (attended / scale).toFixed(4));
    track.setAttribute("aria-valuemax", scale);
    track.setAttribute("aria-valuenow", registered);
    track.setAttribute("aria-valuetext", `${registered} ${told}`);
  }
}

/** The events' panel: follows `events:<id>` of each that it shows. */
export class EventsPanel {
  #panel;
  #hub;
  #rows = [];

  constructor(panel, hub) {
    this.#panel = panel;
    this.#hub = hub;
  }

  /** Finds out which events there are, and follows them. */
  async start() {
    const list = this.#panel.querySelector("ul");
    let events;
    try {
      events = await fetchEvents();
    } catch {
      markRefused(this.#panel, { message: "the list of events did not come" });
      return;
    }
    this.#panel.querySelector(".none").hidden = events.length > 0;
    if (events.length) this.#tellChannel(events[0].id);
    for (const event of events) {
      const row = new EventRow(this, list, event);
      this.#rows.push(row);
      this.#hub.subscribe(`events:${event.id}`, row);
    }
  }

  fresh() {
    markFresh(this.#panel);
  }

  draw() {
    const known = this.#rows.filter(({ counts }) => counts);
    const most = Math.max(LEAST_SCALE, ...known.map(({ counts }) => Math.max(counts.registered, counts.attended)));
    const scale = Math.ceil(most / SCALE_STEP) * SCALE_STEP;
    for (const row of known) row.draw(scale);
    const sum = known.reduce((total, { counts }) => total + counts.registered, 0);
    write(this.#panel.querySelector("header .figure"), count(sum, "place taken", "places taken"));
  }

  #tellChannel(id) {
    const row = this.#panel.querySelector(".feed > :last-child");
    write(row.querySelector("code"), `events:${id}`);
    const button = row.querySelector("button");
    button.dataset.copy = button.dataset.copy.replace(/events:\d*/, `events:${id}`);
  }
}
