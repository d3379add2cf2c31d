// The dashboard: the channels that its address names, live.

import { Chooser } from "./dashboard_chooser.js";
import { Door } from "./dashboard_door.js";
import { Panel } from "./dashboard_panel.js";
import { readPlan, suggest, withChannel, withoutChannel, writePlan } from "./dashboard_plan.js";
import { Session } from "./dashboard_session.js";
import { write } from "./elements.js";
import { Hub, hubAddress } from "./live.js";
import { Status } from "./status.js";

const byId = (id) => document.getElementById(id);

class Dashboard {
  #deck = byId("deck");
  #status = new Status(byId("status"));
  #session = new Session();
  #hub = new Hub(hubAddress(location), (state) => this.#report(state), null);
  #chooser = new Chooser(byId("chooser"), this.#session, (channel, isWanted) => this.#choose(channel, isWanted));
  #door = new Door(byId("door"), this.#session, (credential) => this.#enter(credential));
  #plan = readPlan(location.search);
  #panels = new Map(); // channel -> Panel
  #listed = [];
  #isEntering = false;

  start() {
    byId("add").addEventListener("click", () => this.#openChooser());
    byId("who").addEventListener("click", () => this.#door.open());
    byId("wall").addEventListener("click", (event) => this.#switchView(event));
    addEventListener("popstate", () => this.#follow(readPlan(location.search)));
    this.#follow(this.#plan);
    setInterval(() => this.#tick(), 1000);
    this.#hub.start();
  }

  #tick() {
    for (const panel of this.#panels.values()) panel.tick();
  }

  #report(state) {
    this.#status.show(state);
    byId("again").hidden = state.name !== "closed";
    byId("again").onclick = () => this.#enter(null);
    if (state.name === "live") this.#learn();
    else if (!this.#isEntering) for (const panel of this.#panels.values()) panel.cut();
    this.#isEntering = false;
  }

  async #learn() {
    try {
      this.#listed = (await this.#hub.call("rpc", { method: "channels" })).data.channels;
    } catch {
      return; // cut again: asked again when it is back
    }
    await this.#session.learn(this.#listed);
    write(byId("as"), this.#session.describe());
    write(byId("who"), this.#session.account === null ? "Sign in" : "Change");
    if (this.#plan.channels === null && !this.#panels.size) this.#show(suggest(this.#listed));
  }

  async #openChooser() {
    await this.#learn(); // what there is may have changed
    this.#chooser.open(this.#listed, this.#panels.keys());
  }

  #enter(credential) {
    this.#session.take(credential);
    this.#isEntering = true; // a line that is cut on purpose is no news
    this.#hub.become(this.#session.getToken);
  }

  #choose(channel, isWanted) {
    const plan = { ...this.#plan, channels: [...this.#panels.keys()] };
    this.#go(isWanted ? withChannel(plan, channel) : withoutChannel(plan, channel));
    write(byId("said"), isWanted ? `Added ${channel}` : `Removed ${channel}`);
  }

  #remove(panel) {
    const next = (panel.element.nextElementSibling ?? panel.element.previousElementSibling)?.dataset.channel;
    this.#choose(panel.channel, false);
    // The focus goes on to a neighbour, never back to the top of the page.
    (this.#panels.get(next)?.removeButton ?? byId("add")).focus();
  }

  #switchView(event) {
    event.preventDefault();
    this.#go({ channels: [...this.#panels.keys()], wall: !this.#plan.wall });
  }

  #go(plan) {
    history.pushState(null, "", writePlan(plan));
    this.#follow(plan);
  }

  #follow(plan) {
    this.#plan = plan;
    document.documentElement.classList.toggle("wall", plan.wall);
    write(byId("wall"), plan.wall ? "Leave the wall view" : "Wall view");
    if (plan.channels) this.#show(plan.channels);
    else if (this.#listed.length) this.#show(suggest(this.#listed));
    const channels = [...this.#panels.keys()];
    byId("wall").href = writePlan({ channels: channels.length ? channels : plan.channels, wall: !plan.wall });
  }

  #show(channels) {
    for (const [channel, panel] of this.#panels) {
      if (channels.includes(channel)) continue;
      panel.close();
      this.#panels.delete(channel);
    }
    const parts = { hub: this.#hub, session: this.#session, remove: (panel) => this.#remove(panel) };
    for (const channel of channels) {
      const panel = this.#panels.get(channel) ?? new Panel(channel, parts);
      this.#panels.set(channel, panel);
    }
    const wanted = channels.map((channel) => this.#panels.get(channel).element);
    // An element that is moved loses its focus: only those out of place are.
    wanted.forEach((element, index) => {
      if (this.#deck.children[index] !== element) this.#deck.insertBefore(element, this.#deck.children[index] ?? null);
    });
    byId("none").hidden = channels.length > 0;
    this.#deck.dataset.size = channels.length;
  }
}

new Dashboard().start();
