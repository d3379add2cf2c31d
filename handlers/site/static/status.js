// The state of the connection, for eyes and for screen readers; panels that may be out of date are greyed.

const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Words for a state of the hub; `since` is when the numbers were last known to be right, if ever. */
export function describe(state, since) {
  const shown = since ? ` Showing ${CLOCK.format(since)}.` : "";
  switch (state.name) {
    case "live":
      return "Live";
    case "connecting":
      return since ? `Reconnecting…${shown}` : "Connecting…";
    case "waiting":
      return navigator.onLine ? `Not connected. Trying again…${shown}` : `You are offline.${shown}`;
    default:
      return `The server ended the connection (${state.code} ${state.reason}). Reload to try again.${shown}`;
  }
}

/** The badge in a page's head and the panels that depend on it. */
export class Status {
  #badge;
  #since = null;
  #state = { name: "connecting" };

  constructor(badge) {
    this.#badge = badge;
  }

  /** Shows a state of the hub. */
  show(state) {
    if (this.#state.name === "live" && state.name !== "live") this.#since = new Date();
    this.#state = state;
    const name = state.name === "connecting" && this.#since ? "waiting" : state.name;
    this.#badge.dataset.state = name;
    this.#write(describe(state.name === "connecting" && this.#since ? { name: "waiting" } : state, this.#since));
    if (state.name !== "live") markStale(document.querySelectorAll("[data-live]"), true);
  }

  #write(text) {
    const place = this.#badge.querySelector("span");
    if (place.textContent !== text) place.textContent = text; // the same again would be read out again
  }
}

/** Greys panels, or gives them their colours back. */
export function markStale(panels, stale) {
  for (const panel of panels) panel.toggleAttribute("data-stale", stale && panel.hasAttribute("data-filled"));
}

/** Says that a panel shows what the server has now. */
export function markFresh(panel) {
  panel.toggleAttribute("data-filled", true);
  panel.removeAttribute("data-stale");
}

/** Says in a panel that its channel stays shut. */
export function markRefused(panel, { message }) {
  const note = panel.querySelector(".refusal");
  note.hidden = false;
  note.textContent = `The server does not give this out: ${message}.`;
}
