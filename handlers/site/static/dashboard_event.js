// An event: how many signed up, came and cancelled; and who, for those who manage it.

import { PeopleView } from "./dashboard_people.js";
import { View } from "./dashboard_views.js";
import { COUNT, describeMoment, make, write } from "./elements.js";

const FIGURES = [["registered", "signed up"], ["attended", "came"], ["cancelled", "cancelled"]];

/** Counts as large figures, and the people below where the hub lets them be heard. */
export class EventView extends View {
  #stage;
  #figures = new Map();
  #meter;
  #bar;
  #share;
  #people;
  #isNamed = false;

  constructor(body, stage) {
    super();
    this.#stage = stage;
    const trio = make("dl", "trio", body);
    for (const [name, words] of FIGURES) {
      const cell = make("div", "", trio);
      make("dt", "", cell).textContent = words;
      this.#figures.set(name, make("dd", "", cell));
    }
    this.#meter = make("span", "track", body, { role: "meter", "aria-label": "Came, of those who signed up", "aria-valuemin": 0 });
    this.#bar = make("span", "bar attended", this.#meter);
    this.#share = make("p", "scale", body);
    this.#people = new PeopleView(make("div", "people", body), { ...stage, channel: `attendance:${stage.key}` }, true);
    stage.hub.subscribe(`attendance:${stage.key}`, this.#people);
  }

  data(counts) {
    for (const [name, place] of this.#figures) write(place, COUNT.format(counts[name]));
    const { registered, attended } = counts;
    const share = registered ? Math.min(1, attended / registered) : 0;
    this.#bar.style.setProperty("--length", share.toFixed(4));
    this.#meter.setAttribute("aria-valuemax", Math.max(registered, attended, 1));
    this.#meter.setAttribute("aria-valuenow", attended);
    this.#meter.setAttribute("aria-valuetext", `${attended} of ${registered} came`);
    write(this.#share, `${attended} of ${registered} are there`);
  }

  async fresh() {
    if (this.#isNamed) return;
    const event = await this.#stage.session.readKlub(`/api/frontend/events/${this.#stage.key}/`);
    if (!event) return;
    this.#isNamed = true;
    const facts = [event.start_date && describeMoment(event.start_date), event.location?.name];
    this.#stage.rename(event.name, facts.filter(Boolean).join(" · "));
  }

  tick() {
    this.#people.tick();
  }

  close() {
    this.#stage.hub.unsubscribe(`attendance:${this.#stage.key}`, this.#people);
  }
}
