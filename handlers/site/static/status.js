// The state of the connection, for eyes and for screen readers; panels that may be out of date are greyed.

const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

function describe(state, since) {
  const shown = since ? ` These are the numbers of ${CLOCK.format(since)}.` : "";
  switch (state.name) {
    case "live":
      return "Live";
    case "connecting":
      return "Connecting…";
    case "waiting":
      return navigator.onLine ? `Not connected. Trying again…${shown}` : `You are offline.${shown}`;
    default:
      return `The server ended the connection (${state.code} ${state.reason}). Reload to try again.${shown}`;
  }
}

/** The badge in a page's head, and the panels whose numbers depend on it. */
export class Status {
  #badge;
  #state = null;
  #since = null; // until when the numbers were known to be right

  constructor(badge) {
    this.#badge = badge;
  }

  /** Shows a state of the hub. */
  show(state) {
    if (state.name === "connecting" && this.#state === "waiting") return; // each try would be read out
    if (this.#state === "live" && state.name !== "live") this.#since = new Date();
    this.#state = state.name;
    this.#badge.dataset.state = state.name;
    this.#badge.querySelector("span").textContent = describe(state, this.#since);
    if (state.name !== "live") {
      for (const panel of document.querySelectorAll("[data-filled]")) panel.toggleAttribute("data-stale", true);
    }
  }
}

/** Says that a panel shows what the server has now. */
export function markFresh(panel) {
  panel.toggleAttribute("data-filled", true);
  panel.removeAttribute("data-stale");
  const note = panel.querySelector(".refusal");
  if (note) note.hidden = true;
}

/** Says in a panel that its channel stays shut. */
export function markRefused(panel, { message }) {
  const note = panel.querySelector(".refusal");
  note.hidden = false;
  note.textContent = `The server does not give this out: ${message}.`;
}
