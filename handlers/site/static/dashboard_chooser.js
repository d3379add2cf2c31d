// The dialog that says which channels there are, and takes names of others.

import { GROUPS, describeChannel } from "./dashboard_kinds.js";
import { make, write } from "./elements.js";
import { fetchWords } from "./tally.js";

const SHOWN = 40; // of a group; the rest is found by typing
const NAMED_POLLS = 10;

/** Finds out what events and polls are called. */
async function fetchTitles(listed, session) {
  const titles = new Map();
  const polls = listed.filter((channel) => channel.startsWith("polls:")).slice(0, NAMED_POLLS);
  const [events] = await Promise.all([
    session.readKlub("/api/frontend/events/?page_size=100"),
    ...polls.map(async (channel) => titles.set(channel, (await fetchWords(channel.slice("polls:".length))).question)),
  ]);
  for (const { id, name } of events?.results ?? []) {
    titles.set(`events:${id}`, name);
    titles.set(`attendance:${id}`, name);
  }
  return titles;
}

/** Lets channels be chosen; `change(channel, isWanted)` hears of each choice. */
export class Chooser {
  #dialog;
  #groups;
  #wanted;
  #change;
  #session;
  #listed = [];
  #titles = new Map();
  #chosen = new Set();

  constructor(dialog, session, change) {
    this.#dialog = dialog;
    this.#session = session;
    this.#change = change;
    this.#groups = dialog.querySelector(".groups");
    this.#wanted = dialog.querySelector("[name=wanted]");
    this.#wanted.addEventListener("input", () => this.#draw());
    dialog.querySelector("form").addEventListener("submit", (event) => this.#add(event));
    this.#groups.addEventListener("change", ({ target }) => this.#choose(target.value, target.checked));
  }

  /** Opens, with what is chosen ticked. */
  async open(listed, chosen) {
    this.#listed = listed;
    this.#chosen = new Set(chosen);
    this.#wanted.value = "";
    this.#draw();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#titles = await fetchTitles(listed, this.#session);
    this.#draw();
  }

  #choose(channel, isWanted) {
    if (isWanted) this.#chosen.add(channel);
    else this.#chosen.delete(channel);
    this.#change(channel, isWanted);
  }

  #add(event) {
    const channel = this.#wanted.value.trim();
    if (event.submitter?.value === "close" || !channel) return; // the form's own way out
    event.preventDefault();
    this.#choose(channel, true);
    this.#wanted.value = "";
    this.#draw();
    this.#wanted.focus();
  }

  #draw() {
    const needle = this.#wanted.value.trim().toLowerCase();
    const all = [...new Set([...this.#listed, ...this.#chosen])];
    const found = all.filter((channel) => `${channel} ${this.#titleOf(channel)}`.toLowerCase().includes(needle));
    const focused = document.activeElement?.value;
    const hadFocus = this.#groups.contains(document.activeElement);
    this.#groups.replaceChildren();
    for (const group of GROUPS) {
      const members = found.filter((channel) => describeChannel(channel).group === group);
      if (members.length) this.#drawGroup(group, members);
    }
    if (!found.length) make("p", "soft", this.#groups).textContent = "No channel is called so. Add follows it all the same, should there be one.";
    if (hadFocus) [...this.#groups.querySelectorAll("input")].find(({ value }) => value === focused)?.focus();
  }

  #titleOf(channel) {
    return this.#titles.get(channel) || describeChannel(channel).title;
  }

  #drawGroup(group, members) {
    const set = make("fieldset", "choices", this.#groups);
    make("legend", "", set).textContent = group;
    for (const channel of members.slice(0, SHOWN)) {
      const label = make("label", "choice-row", set);
      const box = make("input", "", label, { type: "checkbox", value: channel });
      box.checked = this.#chosen.has(channel);
      make("span", "", label).textContent = this.#titleOf(channel);
      make("code", "soft", label).textContent = channel;
    }
    if (members.length > SHOWN) write(make("p", "soft", set), `And ${members.length - SHOWN} more: type a part of the name to find them.`);
  }
}
