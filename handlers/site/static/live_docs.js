// The console of the live hub: connect as somebody, subscribe, and look at every frame.

import { listenForCopies } from "./copying.js";
import { fetchPeople } from "./demo_people.js";
import { make, write } from "./elements.js";
import { hubAddress } from "./live.js";
import { FrameLog } from "./live_docs_log.js";
import { Session } from "./live_docs_session.js";
import { Following, offerChannels } from "./live_docs_subscriptions.js";

const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DIALECTS = { knowme: "Know Me", klub: "Klub", comics: "Comics", pybossa: "PyBossa", flux: "Flux" };

const byId = (id) => document.getElementById(id);

/** Describes a close code in the words of this page's own table. */
function describeEnd({ code, reason }) {
  const row = byId(`close-${code}`);
  if (!row) return code === 1000 ? "" : `The line was cut (${code}${reason ? ` ${reason}` : ""}).`;
  const next = row.dataset.reconnects === "yes" ? "SDKs would reconnect by themselves." : "SDKs would not try again.";
  return `The server ended the connection with ${code} ${reason}. ${row.querySelector(".advice").textContent} ${next}`;
}

class Console {
  #session = null;
  #people = [];
  #log = new FrameLog(byId("frames"), byId("frame-count"));
  #following = new Following(byId("following"), (method, request) => this.#ask(method, request));

  constructor() {
    byId("door").addEventListener("submit", (event) => this.#enter(event));
    byId("leave").addEventListener("click", () => this.#session?.close());
    byId("who").addEventListener("change", () => this.#choose());
    byId("measure").addEventListener("click", () => this.#measure());
    byId("subscribe").addEventListener("submit", (event) => this.#typed(event));
    byId("raw").addEventListener("submit", (event) => this.#sendRaw(event));
    byId("clear").addEventListener("click", () => this.#log.clear());
    byId("pings").addEventListener("change", ({ target }) => (this.#log.pings = target.checked));
    byId("pause").addEventListener("click", ({ target }) => this.#pause(target));
    for (const button of document.querySelectorAll(".try")) button.addEventListener("click", () => this.#try(button));
  }

  /** Offers the people of a demo. */
  async meet() {
    this.#people = await fetchPeople();
    for (const [number, { name, about }] of this.#people.entries()) {
      const option = make("option", "", byId("who"), { value: number });
      option.textContent = about ? `${name}: ${about}` : name;
    }
  }

  #choose() {
    const chosen = byId("who").value;
    const person = this.#people[chosen];
    byId("credential-field").hidden = chosen !== "paste";
    byId("dialect-field").hidden = !person;
    const options = Object.keys(person?.credentials ?? {}).map((key) => new Option(DIALECTS[key] ?? key, key));
    byId("dialect").replaceChildren(...options);
  }

  #credential() {
    const chosen = byId("who").value;
    const person = this.#people[chosen];
    if (!person) return chosen === "paste" ? byId("credential").value.trim() : "";
    const dialect = byId("dialect").value;
    return dialect === "flux" ? `Flux ${person.credentials.flux}` : person.credentials[dialect];
  }

  async #enter(event) {
    event.preventDefault();
    await this.#connect();
  }

  async #connect() {
    if (this.#session) return;
    const token = this.#credential();
    this.#state("connecting", "Connecting…");
    byId("ended").hidden = true;
    const session = new Session(hubAddress(location), {
      frame: (direction, text) => this.#log.add(direction, hide(text, token)),
      push: (push) => this.#push(push),
      ping: () => write(byId("pinged"), CLOCK.format(new Date())),
      ended: (end) => this.#end(session, end),
    });
    this.#session = session;
    this.#occupy(true);
    await session.opened();
    try {
      const { result } = await session.ask("connect", { name: "folkmoot-console", ...(token ? { token } : {}) });
      await this.#welcome(result);
    } catch (error) {
      if (session !== this.#session) return; // its end has told already
      session.close();
      this.#refuse(`The server did not connect: error ${error.code}, ${error.message}.`);
    }
  }

  async #welcome({ client }) {
    this.#state("live", "Connected");
    byId("facts").hidden = false;
    write(byId("client"), client);
    write(byId("pinged"), "none yet");
    await this.#measure();
    await this.#list();
  }

  async #list() {
    try {
      const { result } = await this.#ask("rpc", { method: "channels" });
      offerChannels(result.data.channels, (name) => this.#toggle(name));
    } catch (error) {
      this.#refuse(`The list of channels is not to be had: ${error.message}.`);
    }
  }

  async #measure() {
    try {
      const { result, took } = await this.#ask("rpc", { method: "time" });
      const ahead = result.data.time * 1000 - (Date.now() - took / 2);
      write(byId("latency"), `${took.toFixed(1)} ms`);
      write(byId("clock"), `${CLOCK.format(new Date(result.data.time * 1000))} (${ahead < 0 ? "" : "+"}${Math.round(ahead)} ms)`);
    } catch (error) {
      write(byId("latency"), error.message);
    }
  }

  #ask(method, request) {
    return this.#session ? this.#session.ask(method, request) : Promise.reject(new Error("not connected"));
  }

  async #typed(event) {
    event.preventDefault();
    const name = byId("channel").value.trim();
    if (await this.#subscribe(name)) byId("channel").value = "";
  }

  async #try(button) {
    byId("console").scrollIntoView();
    byId("channel").value = button.dataset.channel;
    byId("channel").focus({ preventScroll: true });
    if (!this.#session) await this.#connect();
    if (this.#session) await this.#subscribe(button.dataset.channel);
  }

  async #toggle(name) {
    if (this.#following.has(name)) await this.#following.leave(name);
    else await this.#subscribe(name);
  }

  async #subscribe(channel) {
    byId("ended").hidden = true;
    try {
      const { result } = await this.#ask("subscribe", { channel });
      if (!this.#following.has(channel)) this.#following.add(channel, result);
      this.#announce(`Following ${channel}`);
      return true;
    } catch (error) {
      const advice = byId(`error-${error.code}`)?.querySelector(".advice").textContent ?? "Connect first.";
      this.#refuse(`${channel}: ${error.code ? `error ${error.code}, ` : ""}${error.message}. ${advice}`);
      return false;
    }
  }

  #push({ channel, pub, unsubscribe }) {
    if (pub) this.#following.hear(channel, pub);
    if (!unsubscribe) return;
    this.#following.drop(channel);
    this.#refuse(`The server ended ${channel} (${unsubscribe.code} ${unsubscribe.reason}). Subscribe again to go on.`);
  }

  #sendRaw(event) {
    event.preventDefault();
    if (!this.#session?.send(byId("frame").value)) this.#refuse("Connect first, then send.");
  }

  #pause(button) {
    const paused = !this.#log.paused;
    this.#log.pause(paused);
    button.setAttribute("aria-pressed", String(paused));
    write(button, paused ? "Go on" : "Pause");
  }

  #end(session, end) {
    if (session !== this.#session) return;
    this.#session = null;
    this.#following.clear();
    this.#occupy(false);
    byId("facts").hidden = true;
    byId("listed").replaceChildren();
    make("li", "soft", byId("listed")).textContent = "Connect to see the list.";
    write(byId("listed-count"), "");
    this.#state(end.code === 1000 ? "idle" : "closed", end.code === 1000 ? "Not connected" : `Closed: ${end.code} ${end.reason}`);
    if (end.code !== 1000) this.#refuse(describeEnd(end));
  }

  #occupy(connected) {
    const focused = [byId("enter"), byId("leave")].includes(document.activeElement);
    byId("enter").hidden = connected;
    byId("leave").hidden = !connected;
    for (const id of ["who", "dialect", "credential"]) byId(id).disabled = connected;
    if (focused) byId(connected ? "leave" : "enter").focus();
  }

  #state(name, text) {
    byId("state").dataset.state = name;
    write(byId("state").querySelector("span"), text);
  }

  #refuse(text) {
    byId("ended").hidden = false;
    write(byId("ended"), text);
    this.#announce(text);
  }

  #announce(text) {
    write(byId("announced"), text);
  }
}

/** Keeps a credential out of what is shown: pages are shared and recorded. */
function hide(text, credential) {
  return credential ? text.replaceAll(JSON.stringify(credential).slice(1, -1), "…") : text;
}

listenForCopies(document, byId("copied"));
new Console().meet();
