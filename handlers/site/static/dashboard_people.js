// Who takes part in an event: Klub's list, kept up to date by `attendance:<id>`.

import { count, make, write, writeAge } from "./elements.js";

const SHOWN = 6; // people at first; a button shows all
const PAGE = 100;
const MOST_PAGES = 10;
const WORDS = { event_registration: "signed up", event_attendance: "came" };

const nameOf = ({ first_name, last_name, nickname }) => [first_name, last_name].filter(Boolean).join(" ") || nickname || "Somebody";

/** Turns a row of Klub's list into what a message says. */
function fromRow(row) {
  const user = {
    id: row.user,
    first_name: row.user__first_name,
    last_name: row.user__last_name,
    nickname: row.user__nickname,
    city: row.user__city,
  };
  return { interaction: row.id, user, type__slug: row.type__slug, change: "created", at: row.updated };
}

/** The people of an event: each once, with what they did last. */
export class Crowd {
  #deeds = new Map(); // interaction -> message

  /** Takes note of a change. */
  change(message) {
    if (message.change === "deleted") this.#deeds.delete(message.interaction);
    else this.#deeds.set(message.interaction, message);
  }

  /** Forgets everybody. */
  clear() {
    this.#deeds.clear();
  }

  /** Lists the people, whoever did something last first. */
  list() {
    const people = new Map();
    for (const { user, type__slug, at } of this.#deeds.values()) {
      if (!user) continue;
      const known = people.get(user.id) ?? { id: user.id, name: nameOf(user), city: user.city ?? "", did: new Set(), at: 0 };
      known.did.add(type__slug);
      known.at = Math.max(known.at, Date.parse(at) / 1000 || 0);
      people.set(user.id, known);
    }
    return [...people.values()].sort((one, other) => other.at - one.at || one.id - other.id);
  }
}

/** The list of people; `isPart` when it stands below an event's figures and stays away from who may not see it. */
export class PeopleView {
  #body;
  #stage;
  #crowd = new Crowd();
  #changes = null; // what came while the list was being read
  #heading;
  #list;
  #more;
  #rows = new Map();
  #isOpen = false;
  #isPart;
  #epoch = null;

  constructor(body, stage, isPart = false) {
    this.#body = body;
    this.#stage = stage;
    this.#isPart = isPart;
    this.#heading = make(isPart ? "h3" : "p", isPart ? "" : "soft", body);
    this.#list = make("ul", "crowd", body, { role: "list" });
    this.#more = make("button", "quiet", body, { type: "button", "aria-expanded": "false" });
    this.#more.addEventListener("click", () => this.#toggle());
    body.hidden = isPart;
    this.#more.hidden = true;
  }

  data(message) {
    if (message.deleted) return;
    if (this.#changes) this.#changes.push(message);
    else this.#take([message]);
  }

  async fresh({ epoch, wasRecovering, recovered }) {
    this.#body.hidden = false;
    if (epoch === this.#epoch && wasRecovering && recovered) return;
    this.#epoch = epoch;
    this.#changes = [];
    const known = (await this.#read()) ?? (await this.#recall()) ?? [];
    if (epoch !== this.#epoch) return; // taken back meanwhile
    const since = this.#changes ?? [];
    this.#changes = null;
    this.#crowd.clear();
    this.#take([...known, ...since]);
  }

  refused() {
    this.#epoch = null;
    this.#changes = null;
    this.#crowd.clear();
    this.#draw(); // names leave the screen with the permission
    this.#body.hidden = this.#isPart;
  }

  tick() {
    for (const { age, at } of this.#rows.values()) writeAge(age, at);
  }

  close() {}

  async #read() {
    const found = [];
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const query = `event=${this.#stage.key}&page_size=${PAGE}&page=${page}`;
      const answer = await this.#stage.session.readKlub(`/api/frontend/attendees/?${query}`, true);
      if (!answer) return null;
      found.push(...answer.results.map(fromRow));
      if (!answer.next) break;
    }
    return found;
  }

  async #recall() {
    try {
      const request = { channel: this.#stage.channel, limit: -1 };
      return (await this.#stage.hub.call("history", request)).publications.map(({ data }) => data).filter(({ deleted }) => !deleted);
    } catch {
      return null;
    }
  }

  #take(messages) {
    for (const message of messages) this.#crowd.change(message);
    this.#draw();
  }

  #toggle() {
    this.#isOpen = !this.#isOpen;
    this.#more.setAttribute("aria-expanded", String(this.#isOpen));
    this.#draw();
  }

  #draw() {
    const people = this.#crowd.list();
    const shown = this.#isOpen ? people : people.slice(0, SHOWN);
    write(this.#heading, people.length ? count(people.length, "person", "people") : "Nobody yet");
    const staying = new Set(shown.map(({ id }) => id));
    for (const [id, { item }] of this.#rows) {
      if (staying.has(id)) continue;
      item.remove();
      this.#rows.delete(id);
    }
    shown.forEach((person, index) => this.#place(person, index));
    this.#more.hidden = people.length <= SHOWN;
    write(this.#more, this.#isOpen ? "Show fewer" : `Show all ${people.length}`);
  }

  #place(person, index) {
    const row = this.#rows.get(person.id) ?? this.#add(person.id);
    if (this.#list.children[index] !== row.item) this.#list.insertBefore(row.item, this.#list.children[index] ?? null);
    const came = person.did.has("event_attendance");
    const [other] = person.did;
    write(row.name, person.name);
    write(row.city, person.city);
    write(row.did, came ? WORDS.event_attendance : (WORDS[other] ?? other));
    row.item.toggleAttribute("data-came", came);
    row.at = person.at;
    writeAge(row.age, person.at);
  }

  #add(id) {
    const item = make("li", "item person-row", this.#list);
    make("i", "bead", item, { "aria-hidden": "true" });
    const line = make("span", "line", item);
    const row = { item, name: make("b", "", line), at: 0 };
    line.append(" ");
    row.city = make("span", "soft", line);
    row.did = make("span", "did", item);
    row.age = make("time", "age", item);
    this.#rows.set(id, row);
    return row;
  }
}
