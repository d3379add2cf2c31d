// Who uses this page: the secret of a mailed link, calls in its name, and the form that asks for such a link.

const KEPT = "folkmoot.s";

/** What the server refused: its status and one text for each thing that is wrong. */
export class Refusal extends Error {
  constructor(status, texts) {
    super(texts.join("; "));
    this.status = status;
    this.texts = texts;
  }
}

/** Takes `?s=` out of the address bar and keeps it until the tab is closed; null where there is none. */
export function takeSecret() {
  const query = new URLSearchParams(location.search);
  const given = query.get("s");
  if (given === null) return sessionStorage.getItem(KEPT);
  query.delete("s");
  const rest = query.toString();
  history.replaceState(null, "", location.pathname + (rest ? `?${rest}` : "") + location.hash);
  if (given) sessionStorage.setItem(KEPT, given);
  return given || sessionStorage.getItem(KEPT);
}

/** Forgets the secret and everything else that this tab kept. */
export function forget() {
  sessionStorage.clear();
}

/** Calls the API; raises Refusal, with status 0 when the server cannot be reached. */
export async function call(path, body) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, ["The server cannot be reached. Try again in a moment."]);
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Refusal(response.status, answer.error_args ?? [answer.error ?? `The server answered ${response.status}.`]);
}

/** Splits `"field: text"`; a text without a field is about the whole. */
export function splitError(text) {
  const found = /^(\w+): (.*)$/s.exec(text);
  return found ? { field: found[1], text: found[2] } : { field: "", text };
}

/** Writes a sentence into a `role="status"` place; `kind` is "good" or "bad". */
export function say(place, text, kind = "good") {
  place.dataset.kind = kind;
  place.textContent = text;
}

/** Shows the form that asks for a mailed link; `reason` says why it is there. */
export function askForLink(form, reason = "") {
  form.hidden = false;
  const said = form.querySelector("[role=status]");
  if (reason) say(said, reason, "bad");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const { sent_email: sent, reason: why } = await call("/api/v0/email_secret_token", { email: form.email.value });
      const words = sent ? `Your link is on its way to ${form.email.value}.` : `${why}.`;
      say(said, words, sent ? "good" : "bad");
    } catch (refusal) {
      say(said, refusal.message, "bad");
    } finally {
      button.disabled = false;
    }
  });
}
