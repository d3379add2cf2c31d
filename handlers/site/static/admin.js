// The administrators' page: its door, its areas, the way between them.

import { showChannels } from "./admin_channels.js";
import { showIntegrity } from "./admin_integrity.js";
import { showJobs } from "./admin_jobs.js";
import { showClients, showEvents } from "./admin_lists.js";
import { h } from "./admin_parts.js";
import { showPeople, showPerson } from "./admin_people.js";
import { showPoll, showPolls } from "./admin_polls.js";
import { Session } from "./admin_session.js";
import { Hub, hubAddress } from "./live.js";

const AREAS = {
  people: { text: "People", list: showPeople, one: showPerson },
  polls: { text: "Polls", list: showPolls, one: showPoll },
  events: { text: "Events", list: showEvents },
  clients: { text: "OAuth clients", list: showClients },
  jobs: { text: "Jobs", list: showJobs },
  channels: { text: "Channels", list: showChannels },
  integrity: { text: "Integrity", list: showIntegrity },
};
const BRAND = document.title.split(" · ").at(-1);
const find = (id) => document.getElementById(id);

/** What one view works with; `left` from the moment on at which another one takes its place. */
class Desk {
  #page;
  #abort = new AbortController();
  #followed = [];

  constructor(page, number) {
    this.#page = page;
    this.number = number;
    this.me = page.me;
    this.query = new URLSearchParams(location.search);
  }

  get left() {
    return this.#abort.signal.aborted;
  }

  call(path, options = {}) {
    return this.#page.session.call(path, { ...options, signal: this.#abort.signal });
  }

  request(path, options = {}) {
    return this.#page.session.request(path, { ...options, signal: this.#abort.signal });
  }

  go(address) {
    this.#page.go(address);
  }

  /** Gives the view another name: heading and title. */
  rename(text) {
    if (!this.left) this.#page.name(text);
  }

  /** Follows a channel of the hub for as long as the view is shown. */
  follow(channel, listener) {
    if (this.left) return;
    this.#page.hub.subscribe(channel, listener);
    this.#followed.push([channel, listener]);
  }

  leave() {
    this.#abort.abort();
    for (const [channel, listener] of this.#followed) this.#page.hub.unsubscribe(channel, listener);
  }
}

class Page {
  me = null;
  #desk = null;
  #hub = null;

  constructor() {
    this.session = new Session((reason) => this.close(reason));
    find("sign-in").addEventListener("submit", (event) => this.#signIn(event));
    find("sign-out").addEventListener("click", () => this.signOut());
    addEventListener("popstate", () => this.me && this.show());
    document.addEventListener("click", (event) => this.#follow(event));
    document.querySelector(".bar a[href='/admin/']")?.setAttribute("aria-current", "page");
    find("desk").querySelector(".areas ul").append(...Object.entries(AREAS).map(([name, { text }]) => h("li", {}, h("a", { href: `/admin/${name}`, "data-area": name }, text))));
  }

  /** The connection to the hub, opened when a view first wants it. */
  get hub() {
    if (!this.#hub) {
      this.#hub = new Hub(hubAddress(location), () => {});
      this.#hub.start();
    }
    return this.#hub;
  }

  async begin() {
    if (this.session.open) await this.#enter(false);
    else this.close("");
  }

  async #enter(focus) {
    try {
      this.me = await this.session.call("/me");
    } catch (error) {
      if (this.session.open) this.close(error.message); // the credential may be good: the server was away
      return;
    }
    find("door").hidden = true;
    find("desk").hidden = false;
    find("caller").textContent = this.me.name || this.me.email;
    this.show(focus);
  }

  /** Shows the door instead of everything else. */
  close(reason) {
    this.#desk?.leave();
    this.#desk = null;
    this.me = null;
    if (find("confirm").open) find("confirm").close("no");
    find("view").replaceChildren();
    find("desk").hidden = true;
    find("door").hidden = false;
    document.title = `Admin · ${BRAND}`;
    const said = find("door-said");
    said.dataset.kind = "bad";
    said.textContent = reason;
    this.#offerDemo();
  }

  signOut() {
    this.session.forget();
    this.close("");
    find("door-said").dataset.kind = "good";
    find("door-said").textContent = "You are signed out.";
    find("door-title").focus();
  }

  async #signIn(event) {
    event.preventDefault();
    const { email, password } = event.target.elements;
    const submit = event.target.querySelector("button");
    find("door-said").textContent = "";
    submit.disabled = true;
    try {
      await this.session.signIn(email.value.trim(), password.value);
      password.value = "";
      await this.#enter(true);
    } catch (error) {
      find("door-said").dataset.kind = "bad";
      find("door-said").textContent = error.message;
      password.select();
    } finally {
      submit.disabled = false;
    }
  }

  async #offerDemo() {
    const place = find("door-demo");
    if (!place || !place.hidden) return;
    try {
      const { people } = await (await fetch("/demo/people.json")).json();
      const buttons = people.filter((each) => each.superuser).map((each) => h("button", { type: "button", class: "button", onclick: () => this.#enterAs(each) }, `Go in as ${each.name}`));
      place.querySelector(".actions").replaceChildren(...buttons);
      place.hidden = !buttons.length;
    } catch {
      place.hidden = true;
    }
  }

  async #enterAs(person) {
    this.session.keep(person.credentials.knowme);
    await this.#enter(true);
  }

  /** Follows links of this page without loading it anew. */
  #follow(event) {
    const link = event.target.closest("a[href^='/admin']");
    if (!link || !this.me || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target) return;
    event.preventDefault();
    this.go(link.getAttribute("href"));
  }

  go(address) {
    history.pushState(null, "", address);
    this.show();
  }

  /** Shows what the address names; the focus goes to its heading, unless the page was just loaded. */
  show(focus = true) {
    this.#desk?.leave();
    const [, , area = "", number = ""] = location.pathname.split("/");
    const chosen = AREAS[area] ? area : "people";
    for (const link of find("desk").querySelectorAll("[data-area]")) {
      if (link.dataset.area === chosen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#desk = new Desk(this, number);
    const draw = number && AREAS[chosen].one ? AREAS[chosen].one : AREAS[chosen].list;
    const [title, ...content] = draw(this.#desk);
    const back = AREAS[chosen].one && number ? h("p", { class: "back" }, h("a", { href: `/admin/${chosen}` }, `← ${AREAS[chosen].text}`)) : "";
    find("view").replaceChildren(back, h("h1", { tabindex: "-1" }, title), ...content);
    this.name(title);
    if (!focus) return;
    scrollTo(0, 0);
    find("view").querySelector("h1").focus({ preventScroll: true });
  }

  name(text) {
    const heading = find("view").querySelector("h1");
    if (heading) heading.textContent = text;
    document.title = `${text} · Admin · ${BRAND}`;
  }
}

new Page().begin();
