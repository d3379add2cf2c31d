// What shows a channel's messages, one class a kind. Each gets a body to fill and a stage: the channel's key,
// the hub, the session, and `rename(title, note)`.

import { COUNT, make, write, writeAge } from "./elements.js";
import { drawNews, drawNotice } from "./news.js";
import { drawRelease, fetchReleases, nameRelease } from "./releases.js";
import { StreamList, StreamListener } from "./stream.js";
import { fetchWords, TallyView } from "./tally.js";

const LISTED = 8;
const STRIPS = 3;
const TOP = 8;
const STATES = { nostate: "None given", weirdstate: "Other" };

/** Nothing to prepare, nothing to say anew: what views have in common. */
export class View {
  data() {}
  fresh() {}
  refused() {}
  tick() {}
  close() {}
}

/** A poll as bars. */
export class PollView extends View {
  #stage;
  #total;
  #view;
  #words = null;
  #tally = null;

  constructor(body, stage) {
    super();
    this.#stage = stage;
    const figure = make("p", "figure", body);
    this.#total = { number: make("b", "", figure), unit: make("span", "", figure) };
    this.#view = new TallyView(make("ul", "options", body, { id: `options-${stage.key}`, role: "list" }));
  }

  data(tally) {
    this.#tally = tally;
    write(this.#total.number, COUNT.format(tally.total));
    write(this.#total.unit, tally.total === 1 ? "vote" : "votes");
    this.#view.show({ ...tally, ...this.#words });
  }

  async fresh() {
    if (this.#words) return;
    this.#words = await fetchWords(this.#stage.key);
    if (this.#words.question) this.#stage.rename(this.#words.question);
    if (this.#tally) this.data(this.#tally);
  }
}

/** The member counters. */
export class MembersView extends View {
  #big;
  #facts;
  #states;
  #values = new Map();
  #joined;
  #lastSignup = null;

  constructor(body) {
    super();
    this.#big = make("p", "big", body);
    this.#facts = make("dl", "facts", body);
    this.#states = make("dl", "states", body);
  }

  data(counters) {
    const all = counters.n_members_raw;
    write(this.#big, COUNT.format(all));
    this.#show("On the electoral roll", counters.n_members, all);
    this.#show("Details validated", counters.n_members_validated, all);
    for (const [state, number] of Object.entries(counters.n_members_state_raw ?? {})) this.#count(state, number);
    this.#lastSignup = counters.last_member_signup;
    this.tick();
  }

  tick() {
    if (!this.#lastSignup) return;
    this.#joined ??= make("time", "", make("dd", "", this.#add("Last sign-up", this.#facts)));
    writeAge(this.#joined, this.#lastSignup);
  }

  #show(name, number, all) {
    if (!this.#values.has(name)) {
      const row = this.#add(name, this.#facts);
      const value = make("b", "", make("dd", "", row));
      const bar = make("span", "bar", make("dd", "track", row, { "aria-hidden": "true" }));
      this.#values.set(name, { value, bar });
    }
    const { value, bar } = this.#values.get(name);
    write(value, COUNT.format(number));
    bar.style.setProperty("--length", (all ? number / all : 0).toFixed(4));
  }

  #count(state, number) {
    const name = STATES[state] ?? state.toUpperCase();
    if (!this.#values.has(state)) this.#values.set(state, make("dd", "", this.#add(name, this.#states)));
    write(this.#values.get(state), COUNT.format(number));
  }

  #add(name, list) {
    const row = make("div", "", list);
    make("dt", "", row).textContent = name;
    return row;
  }
}

/** The top list as a table; rows stay where they are and change their words. */
export class TopView extends View {
  #body;

  constructor(body) {
    super();
    const table = make("table", "top", body);
    const head = make("tr", "", make("thead", "", table));
    for (const name of ["Rank", "Name", "Score"]) make("th", "", head, { scope: "col" }).textContent = name;
    this.#body = make("tbody", "", table);
  }

  data({ top_users }) {
    const shown = top_users.slice(0, TOP);
    while (this.#body.rows.length > shown.length) this.#body.lastElementChild.remove();
    for (const [index, { rank, fullname, score }] of shown.entries()) {
      const row = this.#body.rows[index] ?? this.#add();
      for (const [cell, text] of [[0, rank], [1, fullname], [2, COUNT.format(score)]]) write(row.cells[cell], String(text));
    }
  }

  #add() {
    const row = make("tr", "", this.#body);
    for (let cell = 0; cell < 3; cell += 1) make("td", "", row);
    return row;
  }
}

class StreamView extends View {
  #listener;

  constructor(body, stage, className, most, draw, identify) {
    super();
    const list = new StreamList(make("ul", className, body, { role: "list" }), most, draw, identify);
    this.#listener = new StreamListener(stage.hub, stage.channel, list);
  }

  get list() {
    return this.#listener.list;
  }

  data(message, caughtUp, offset) {
    this.#listener.data(message, caughtUp, offset);
  }

  async fresh(position) {
    await this.#listener.fresh(position);
  }

  refused() {
    this.list.clear(); // what somebody may no longer see does not stay on the screen
  }

  tick() {
    this.#listener.tick();
  }
}

/** The update feed. */
export class NewsView extends StreamView {
  constructor(body, stage) {
    super(body, stage, "stories", LISTED, drawNews);
  }
}

/** What happened to the own account. */
export class NoticesView extends StreamView {
  constructor(body, stage) {
    super(body, stage, "stories", LISTED, drawNotice);
  }
}

/** New releases; who shows a Comics key sees the comics' names and what came before, too. */
export class ReleasesView extends StreamView {
  #stage;
  #names;

  constructor(body, stage) {
    const names = new Map();
    super(body, stage, "strips", STRIPS, (item, release) => drawRelease(item, release, names), nameRelease);
    this.#stage = stage;
    this.#names = names;
  }

  async fresh(position) {
    const key = this.#stage.session.comicsKey;
    if (key && !this.#names.size) await this.#read(key);
    await super.fresh(position);
  }

  async #read(key) {
    try {
      const { names, releases } = await fetchReleases(key, STRIPS);
      for (const [comic, name] of names) this.#names.set(comic, name);
      if (!this.#stage.key) for (const release of releases) this.list.append(release);
    } catch {
      // The channel's history has to do.
    }
  }
}

/** Any other message, as it came. */
export class JsonView extends View {
  #place;

  constructor(body) {
    super();
    this.#place = make("pre", "json", body, { tabindex: "0", "aria-label": "The newest message" });
  }

  data(message) {
    write(this.#place, JSON.stringify(message, null, 2));
  }

  refused() {
    write(this.#place, "");
  }
}
