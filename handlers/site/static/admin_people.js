// People: the search, and one person's page.

import { button, confirmDeed, facts, field, h, mark, moment, panel, Place, plain, said, searching, table, tell } from "./admin_parts.js";

const DIALECTS = { flux: "Flux", knowme: "Know Me", klub: "Klub", pybossa: "PyBossa", comics: "Comics" };
const UNIT_ROLES = ["staff", "event_organizer"];

function marks(person) {
  return [person.superuser && mark("superuser", "good"), !person.active && mark("deactivated", "bad")].filter(Boolean);
}

function row(person) {
  return [
    h("a", { href: `/admin/people/${person.id}` }, person.name || "(no name)"),
    [person.email, person.usernames.length ? h("span", { class: "soft" }, ` · ${person.usernames.join(", ")}`) : null],
    marks(person),
    moment(person.joined),
    String(person.id),
  ];
}

/** The search. */
export function showPeople(desk) {
  const columns = ["Name", "Address and usernames", "~State", "Joined", "Id"];
  const draw = (all, q) => {
    const people = all.flatMap((page) => page.people);
    tell(people.length ? `${people.length} people` : "Nobody found");
    return table("People", columns, people.map(row), q ? `Nobody begins with “${q}”.` : "Nobody has an account yet.");
  };
  const hint = "By id, or the beginning of a name, username or e-mail address";
  return searching(desk, "people", { label: "Find a person", hint, draw, caption: "People" });
}

function identities(person) {
  return h("div", { class: "identities" }, Object.entries(person.facts).map(([name, found]) =>
    h("section", {}, h("h3", {}, DIALECTS[name]),
      Object.keys(found).length ? facts(Object.entries(found).map(([key, value]) => [key, plain(value)])) : h("p", { class: "empty" }, "Nothing here."))));
}

function waysIn(person) {
  const rows = person.ways_in.map((way) => [way.kind, moment(way.made), moment(way.seen), way.lasting ? "lasts" : moment(way.ends)]);
  return table("Ways in", ["What", "Made", "Last used", "Ends"], rows, "There is no way in.");
}

function connections(seats) {
  const rows = seats.map((seat) => [seat.credential || "session token", seat.channels.join(", ") || "no channel", seat.node.slice(0, 8)]);
  return table("Live connections", ["Opened with", "Channels", "Process"], rows, "Not connected to the live hub.");
}

function describeGrant(person, role) {
  const grant = person.grants.find((each) => each.role === role);
  if (!grant) return role;
  return grant.units === null ? `${role} (all units)` : `${role} (units ${grant.units.join(", ")})`;
}

function roles(desk, person, reload) {
  const { line, say, fail } = said();
  const change = async (role, unit, revoke) => {
    try {
      await desk.call(`/people/${person.id}/roles`, { method: "POST", body: { role, revoke, ...(unit === null ? {} : { administrative_unit: unit }) } });
      await reload(revoke ? `Took the role ${role}.` : `Gave the role ${role}.`);
    } catch (error) {
      fail(error);
    }
  };
  const take = async (role) => {
    if (await confirmDeed(`Take the role ${role}?`, `${person.name || person.email} loses it at once.`, "Take it")) await change(role, null, true);
  };
  const held = person.roles.map((role) => h("li", {}, h("span", {}, describeGrant(person, role)),
    role === "admin" && person.superuser ? h("span", { class: "soft" }, " comes with superuser") : button("Take", () => take(role), { class: "quiet", "aria-label": `Take the role ${role}` })));
  const select = h("select", { id: "role", name: "role" }, h("option", { value: "" }, "Choose a role"), desk.me.roles.map((role) => h("option", { value: role }, role)));
  const unit = h("input", { id: "unit", name: "unit", inputmode: "numeric", pattern: "[0-9]*", autocomplete: "off" });
  const unitField = field("Administrative unit", unit, "Its number; empty for all");
  const fit = () => { unitField.hidden = !UNIT_ROLES.includes(select.value); };
  select.addEventListener("change", fit);
  fit();
  const sure = () => confirmDeed("Make this person a superuser?", `${person.name || person.email} may then do everything, this page included.`, "Make superuser");
  const give = async (event) => {
    event.preventDefault();
    if (!select.value) say("Choose a role.", "bad");
    else if (select.value === "superuser" && !(await sure())) return;
    else if (!unitField.hidden && unit.value && !/^\d{1,15}$/.test(unit.value.trim())) say("The unit is a number.", "bad");
    else change(select.value, unitField.hidden || !unit.value ? null : Number(unit.value), false);
  };
  return panel("Roles", held.length ? h("ul", { class: "held", role: "list" }, held) : h("p", { class: "empty" }, "No roles."),
    h("form", { class: "inline", onsubmit: give }, field("Role", select), unitField, h("button", { class: "button" }, "Give")), line);
}

function deeds(desk, person, reload) {
  const { line, fail } = said();
  const own = person.id === desk.me.id;
  const act = async (path, body, done, question) => {
    if (question && !(await confirmDeed(...question))) return;
    try {
      const answer = await desk.call(`/people/${person.id}/${path}`, { method: "POST", body });
      if (own) await desk.call("/me"); // leads to the door, if the sign-in has ended with the rest
      await reload(done(answer));
    } catch (error) {
      fail(error);
    }
  };
  const ended = ({ ended: numbers }) => `Signed out: ${Object.entries(numbers).map(([name, n]) => `${n} ${name.replaceAll("_", " ")}`).join(", ")}.`;
  const who = person.name || person.email;
  const end = () => act("end-sessions", undefined, ended, ["End all sessions?", `${who} is signed out everywhere and has to sign in again. Lasting keys stay good.`, "End them"]);
  const off = () => act("active", { active: false }, () => "Deactivated.", ["Deactivate this account?", `${who} can’t sign in, and no key of theirs is good, until somebody reactivates the account. Nothing is deleted.`, "Deactivate"]);
  const on = () => act("active", { active: true }, () => "Reactivated.");
  return panel("Actions",
    h("p", { class: "actions" }, button("End all sessions", end, { class: "button" }),
      person.active ? !own && button("Deactivate", off, { class: "danger" }) : button("Reactivate", on, { class: "button" })),
    own && h("p", { class: "hint" }, "This is your own account: ending its sessions signs you out here, too."), line);
}

/** One person's page. */
export function showPerson(desk) {
  const place = new Place();
  const read = () => desk.call(`/people/${desk.number}`);
  const draw = ({ person, connections: seats }) => {
    desk.rename(person.name || person.email || `Person ${person.id}`);
    const reload = async (text) => {
      await place.load(read, draw);
      tell(text);
      place.element.prepend(h("p", { class: "notice", "data-kind": "success" }, text));
    };
    return [
      h("p", { class: "lead" }, person.email, " ", marks(person)),
      facts([["Id", String(person.id)], ["Joined", moment(person.joined)], ["Last sign-in", moment(person.last_login)], ["Password", person.has_password ? "set" : "none"]]),
      h("div", { class: "halves" }, roles(desk, person, reload), deeds(desk, person, reload)),
      panel("Addresses", table("Addresses", ["Address", "~Kind", "~Proof"], person.addresses.map((each) => [each.email, each.primary ? "primary" : "further", each.verified ? mark("verified", "good") : mark("not verified")]), "No address.")),
      panel("Identities", identities(person)),
      panel("Ways in", waysIn(person)),
      panel("Live connections", connections(seats)),
    ];
  };
  place.load(read, draw);
  return [`Person ${desk.number}`, place.element];
}
