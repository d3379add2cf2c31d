// One's own details: shows them, sends what was changed, puts errors beside their fields.

import { askForLink, call, forget, Refusal, say, splitError, takeSecret } from "./account.js";

const DETAILS = "/api/v0/user_details";

const byId = (id) => document.getElementById(id);

function readControl(control) {
  return control.type === "checkbox" ? control.checked : control.value.trim();
}

function describeCheck(person) {
  if (person.needsValidating) return ["waiting", "Your details wait to be checked."];
  if (person.detailsValid) return ["valid", "Your details have been checked and are valid."];
  const why = person.validationReason ? ` (${person.validationReason})` : "";
  return ["invalid", `Your details could not be confirmed${why}. Please correct them.`];
}

function toSentence(text) {
  return /^(is|has) /.test(text) ? `This ${text}.` : `${text[0].toUpperCase()}${text.slice(1)}.`;
}

class DetailsForm {
  #form = byId("details");
  #said = byId("saved");
  #secret;
  #shown = {};

  constructor(secret) {
    this.#secret = secret;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    for (const control of this.#controls) control.addEventListener("input", () => this.#mark(control, ""));
  }

  get #controls() {
    return [...this.#form.querySelectorAll("input, textarea")];
  }

  async load() {
    this.#show(await call(DETAILS, { s: this.#secret }));
    this.#form.hidden = false;
  }

  #show(person) {
    for (const control of this.#controls) {
      const value = person[control.name];
      if (control.type === "checkbox") control.checked = Boolean(value);
      else control.value = value ?? "";
      this.#shown[control.name] = readControl(control);
    }
    const [state, words] = describeCheck(person);
    byId("check").dataset.state = state;
    byId("check").textContent = words;
  }

  // Only what was changed: the mere presence of a name or an address starts a new check.
  #changes() {
    const changed = this.#controls.filter((control) => readControl(control) !== this.#shown[control.name]);
    return Object.fromEntries(changed.map((control) => [control.name, readControl(control)]));
  }

  async #save() {
    const changes = this.#changes();
    for (const control of this.#controls) this.#mark(control, "");
    if (Object.keys(changes).length === 0) {
      say(this.#said, "There is nothing to save.");
      return;
    }
    const button = this.#form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      this.#show(await call(DETAILS, { s: this.#secret, ...changes }));
      say(this.#said, changes.email ? `Saved. Please confirm ${changes.email} by the mail we sent there.` : "Saved.");
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.#refuse(refusal);
    } finally {
      button.disabled = false;
    }
  }

  #refuse({ texts }) {
    const errors = texts.map(splitError);
    const unplaced = errors.filter(({ field, text }) => !this.#markField(field, text));
    const words = unplaced.map(({ field, text }) => (field ? `${field}: ${text}` : text));
    say(this.#said, words.join("; ") || "Nothing was saved: please look at the marked fields.", "bad");
    this.#form.querySelector("[aria-invalid]")?.focus();
  }

  #markField(name, text) {
    const control = this.#controls.find((each) => each.name === name);
    if (control) this.#mark(control, text);
    return Boolean(control);
  }

  #mark(control, text) {
    const id = `${control.name}-error`;
    let place = byId(id);
    if (!text) {
      place?.remove();
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
      return;
    }
    if (!place) {
      place = Object.assign(document.createElement("span"), { id, className: "error" });
      control.closest("label").after(place);
    }
    place.textContent = toSentence(text);
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", id);
  }
}

async function start() {
  const secret = takeSecret();
  byId("leave").addEventListener("click", () => {
    forget();
    location.reload();
  });
  if (!secret) {
    askForLink(byId("sign-in"));
    return;
  }
  try {
    await new DetailsForm(secret).load();
    byId("actions").hidden = false;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.status === 403) forget();
    const reason = refusal.status === 403 ? "That link is no longer good. Ask for a new one." : refusal.message;
    askForLink(byId("sign-in"), reason);
  }
}

start();
