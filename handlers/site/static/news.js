// The community's news in sentences.

import { make } from "./elements.js";

/** Says an entry of the update feed: who, what, and of which project. */
export function describeNews(entry) {
  switch (entry.action_updated) {
    case "User":
      return { who: entry.fullname, text: "joined the community" };
    case "UserContribution":
      return { who: entry.fullname, text: "did a task of", what: entry.project_name };
    case "Project":
      return { text: "A project begins:", what: entry.name };
    case "Task":
      return { text: "A new task for", what: entry.name };
    case "TaskCompleted":
      return { text: "Task complete:", what: entry.name };
    default:
      return { text: String(entry.action_updated ?? "Something happened") };
  }
}

/** Draws an entry; returns when it happened. */
export function drawNews(item, entry) {
  const { who, text, what } = describeNews(entry);
  item.dataset.kind = entry.action_updated ?? "";
  make("i", "bead", item, { "aria-hidden": "true" });
  const line = make("span", "line", item);
  if (who) make("b", "", line).textContent = who;
  line.append(who ? ` ${text}` : text);
  if (what) {
    line.append(" ");
    make("span", "what", line).textContent = what;
  }
  return entry.updated;
}

const TOLD = {
  new_login: "Somebody signed in",
  password_changed: "The password was changed",
  email_verified: "An e-mail address was confirmed",
  api_key_reset: "The API key was renewed",
  identity_token: "An identity token was issued",
};

/** Draws a message to an account; tokens stay unsaid. */
export function drawNotice(item, message) {
  make("i", "bead", item, { "aria-hidden": "true" });
  make("span", "line", item).textContent = TOLD[message.type] ?? String(message.type);
  return message.at;
}
