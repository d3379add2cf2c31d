// Events, and the OAuth2 clients of partners.

import { button, confirmDeed, field, h, mark, moment, panel, Place, said, searching, table, tell } from "./admin_parts.js";

/** The events. */
export function showEvents(desk) {
  const row = (event) => [
    h("a", { href: `/api/frontend/events/${event.id}/` }, event.name), moment(event.begins),
    event.public ? mark("public", "good") : mark("hidden"), event.registered, event.attended, event.cancelled,
  ];
  const columns = ["Event", "Begins", "~Visibility", "Signed up", "Attended", "Cancelled"];
  const draw = (all, q) => table("Events", columns, all.flatMap((page) => page.events).map(row), q ? `No event begins with “${q}”.` : "There are no events.");
  const hint = "By id, or the beginning of its name; a link leads to Klub’s own page";
  return searching(desk, "events", { label: "Find an event", hint, draw, caption: "Events" });
}

function secretOnce({ client_id: id, client_secret: secret }) {
  const copy = (text) => navigator.clipboard.writeText(text).then(() => tell("Copied"), () => tell("Copying is not allowed here"));
  const line = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, h("code", {}, value), " ", button("Copy", () => copy(value), { class: "quiet", "aria-label": `Copy the ${name.toLowerCase()}` })));
  return h("div", { class: "notice", "data-kind": "success", role: "alert" },
    h("p", {}, "The secret is shown this once: keep it now."), h("dl", { class: "secret" }, line("Client id", id), line("Client secret", secret)));
}

/** The clients. */
export function showClients(desk) {
  const place = new Place();
  const news = h("div");
  const read = () => desk.call("/clients");
  const remove = async (client) => {
    if (!(await confirmDeed(`Remove ${client.name}?`, "The app and all of its tokens stop working at once.", "Remove"))) return;
    try {
      await desk.call(`/clients/${encodeURIComponent(client.client_id)}`, { method: "DELETE" });
      tell(`Removed ${client.name}.`);
      await place.load(read, draw);
    } catch (error) {
      place.fail(error, () => place.load(read, draw));
    }
  };
  const row = (client) => [
    [h("b", {}, client.name), h("br"), h("code", { class: "soft" }, client.client_id)],
    client.scopes.join(" "), moment(client.created), client.tokens,
    button("Remove", () => remove(client), { class: "quiet bad", "aria-label": `Remove ${client.name}` }),
  ];
  const draw = (found) => [
    table("OAuth clients", ["App", "Scopes", "Made", "Tokens", "~Actions"], found.clients.map(row), "No app is registered."),
    form(desk, found, async (made) => {
      news.replaceChildren(secretOnce(made));
      await place.load(read, draw);
    }),
  ];
  place.load(read, draw);
  return ["OAuth clients", news, place.element];
}

function form(desk, { scopes, usual }, done) {
  const { line, say, fail } = said();
  const name = h("input", { id: "client-name", autocomplete: "off", maxlength: "200", required: true });
  const boxes = scopes.map((scope) => h("input", { type: "checkbox", value: scope, checked: usual.includes(scope) }));
  const create = async (event) => {
    event.preventDefault();
    const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!name.value.trim() || !wanted.length) return say("A client needs a name and a scope.", "bad");
    try {
      await done(await desk.call("/clients", { method: "POST", body: { name: name.value.trim(), scopes: wanted } }));
    } catch (error) {
      fail(error);
    }
  };
  return panel("New client", h("form", { class: "form stack", novalidate: true, onsubmit: create }, field("Name", name),
    h("fieldset", { class: "scopes" }, h("legend", {}, "Scopes"), boxes.map((box) => h("label", { class: "flag" }, box, h("span", {}, box.value)))),
    h("p", { class: "actions" }, h("button", {}, "Register the app")), line));
}
