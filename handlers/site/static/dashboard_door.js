// The dialog that says as whom the dashboard watches, and lets that be somebody else.

import { isCredential } from "./dashboard_session.js";
import { fetchPeople } from "./demo_people.js";
import { make } from "./elements.js";

/** Lets somebody sign in; `enter(credential)` takes one, null gives it back. */
export class Door {
  #dialog;
  #session;
  #field;
  #error;
  #enter;

  constructor(dialog, session, enter) {
    this.#dialog = dialog;
    this.#session = session;
    this.#enter = enter;
    this.#field = dialog.querySelector("[name=credential]");
    this.#error = dialog.querySelector(".error");
    dialog.querySelector("form.credential").addEventListener("submit", (event) => this.#submit(event));
    dialog.querySelector(".leave").addEventListener("click", () => this.#take(null));
    this.#offerPeople();
  }

  /** Opens. */
  open() {
    const here = encodeURIComponent(location.pathname + location.search);
    const { account, isTyped } = this.#session;
    this.#dialog.querySelector(".sign-in").href = `/account/signin?next=${here}`;
    this.#dialog.querySelector(".by-cookie").hidden = account !== null && !isTyped;
    this.#dialog.querySelector(".sign-out").hidden = account === null || isTyped;
    this.#dialog.querySelector(".leave").hidden = !isTyped;
    this.#dialog.querySelector(".as").textContent = `${this.#session.describe()}.`;
    this.#say("");
    this.#dialog.showModal();
  }

  #submit(event) {
    event.preventDefault();
    const credential = this.#field.value.trim();
    if (!isCredential(credential)) {
      this.#say("That is not the value of an Authorization header.");
      this.#field.focus();
      return;
    }
    this.#take(credential);
  }

  #say(text) {
    this.#error.textContent = text;
    this.#field.toggleAttribute("aria-invalid", text !== "");
  }

  #take(credential) {
    this.#field.value = "";
    this.#dialog.close();
    this.#enter(credential);
  }

  async #offerPeople() {
    const people = (await fetchPeople()).filter(({ credentials }) => credentials?.knowme);
    const place = this.#dialog.querySelector(".demo-people");
    place.hidden = !people.length;
    for (const { name, about, credentials } of people) {
      const button = make("button", "button person", place.querySelector("div"), { type: "button" });
      make("b", "", button).textContent = name;
      make("span", "", button).textContent = about;
      button.addEventListener("click", () => this.#take(credentials.knowme));
    }
  }
}
