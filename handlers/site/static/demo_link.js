// What the apps do elsewhere with the links of their mails: confirm an address, set a password, sign in.

import { say } from "./account.js";

const given = new URLSearchParams(location.search);
history.replaceState(null, "", location.pathname); // the address bar must not keep what opens an account
const form = document.querySelector("form");
const said = form.querySelector("[role=status]");

/** Collects the texts of an error body, however deep they are. */
function textsOf(value) {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(textsOf) : [];
}

/** Calls an API; raises an Error with what it says. */
async function ask(method, path, body) {
  const options = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(path, { method, ...options });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Error(textsOf(answer).join(" ") || "This link is not good, or not any more.");
}

const DEEDS = {
  async confirm(password) {
    await ask("POST", "/account/verify-email/", { key: given.get("key"), password });
    return "The address is confirmed. You can close this page.";
  },
  async password(password) {
    if (given.has("u")) {
      const link = `${encodeURIComponent(given.get("u"))}/${encodeURIComponent(given.get("t"))}`;
      const body = { password_1: password, password_2: password };
      await ask("POST", `/api/reset_password_email_confirm/${link}/`, body);
    } else {
      await ask("POST", "/account/change-password/", { key: given.get("key"), new_password: password });
    }
    return "The password is set. Sign in with it anywhere.";
  },
  async app() {
    const { s } = await ask("GET", `/api/v1/app/login_magic_link/${encodeURIComponent(given.get("t"))}`);
    location.assign(`/static/html/member_details.html?${new URLSearchParams({ s })}`);
    return "Signed in.";
  },
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    say(said, await DEEDS[form.dataset.deed](form.elements.password?.value));
    for (const field of form.querySelectorAll(".field")) field.hidden = true;
    button.hidden = true;
  } catch (error) {
    say(said, error.message, "bad");
    button.disabled = false;
  }
});

if (!["key", "t"].some((name) => given.get(name))) {
  say(said, "This page needs the link of a mail.", "bad");
  form.querySelector("[type=submit]").disabled = true;
}
