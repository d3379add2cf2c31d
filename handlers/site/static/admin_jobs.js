// The job queue: numbers by kind and state, and the jobs themselves; dead letters are retried or thrown away.

import { button, confirmDeed, COUNT, h, moment, pages, panel, Place, table, tell } from "./admin_parts.js";

const STATES = { queued: "Waiting", running: "Running", failed: "Given up" };
const NONE = { queued: "Nothing waits.", running: "Nothing runs.", failed: "Nothing was given up. All is well." };

function address(state, kind) {
  return `/admin/jobs?${new URLSearchParams({ state, ...(kind ? { kind } : {}) })}`;
}

function numbers(counts, state, kind) {
  const kinds = [...new Set(counts.map((each) => each.kind))];
  const number = (one, which) => counts.find((each) => each.kind === one && each.state === which)?.number ?? 0;
  const cell = (one, which) => {
    const found = number(one, which);
    const here = which === state && one === kind;
    return found ? h("a", { href: address(which, one), "aria-current": here ? "true" : null, "aria-label": `${found} ${one}, ${STATES[which].toLowerCase()}` }, COUNT.format(found)) : "0";
  };
  const rows = kinds.map((one) => [h("b", {}, one), ...Object.keys(STATES).map((which) => cell(one, which))]);
  return table("Jobs by kind and state", ["Kind", ...Object.values(STATES)], rows, "The queue is empty.");
}

/** The queue. */
export function showJobs(desk) {
  const state = desk.query.get("state") in STATES ? desk.query.get("state") : "failed";
  const kind = desk.query.get("kind") ?? "";
  const place = new Place();
  const list = h("div");
  const path = (before) => `/jobs?${new URLSearchParams({ state, ...(kind ? { kind } : {}), ...(before ? { before } : {}) })}`;
  const act = async (job, method, suffix, done) => {
    try {
      await desk.call(`/jobs/${job.id}${suffix}`, { method });
      tell(done);
    } catch (error) {
      tell(error.message);
      list.prepend(h("p", { class: "refusal", role: "alert" }, error.message));
      return;
    }
    load();
  };
  const drop = async (job) => {
    const what = job.to ? `The mail “${job.subject}” to ${job.to} is never sent.` : `This job (${job.kind}) is never done.`;
    if (await confirmDeed("Throw this dead letter away?", what, "Throw away")) await act(job, "DELETE", "", "Thrown away.");
  };
  const what = (job) => (job.to ? [h("b", {}, job.kind), ` to ${job.to}`, h("br"), job.subject] : h("b", {}, job.kind));
  const row = (job) => [
    what(job), job.error ? h("code", {}, job.error) : "–", job.attempts, moment(job.created),
    state === "failed" ? [button("Retry", () => act(job, "POST", "/retry", "Queued anew."), { class: "button", "aria-label": `Retry ${job.kind} ${job.subject}` }), " ", button("Drop", () => drop(job), { class: "quiet bad", "aria-label": `Drop ${job.kind} ${job.subject}` })] : moment(job.due),
  ];
  const columns = ["Job", "Why it failed", "Tries", "Promised", state === "failed" ? "~Actions" : "Due"];
  const load = () => {
    place.load(() => desk.call(path(null)), (found) => numbers(found.counts, state, kind));
    const draw = (all) => table(STATES[state], columns, all.flatMap((each) => each.page.jobs).map(row), NONE[state]);
    list.replaceChildren(pages((before) => desk.call(path(before)), draw, (each) => each.page.next, STATES[state]));
  };
  load();
  const states = h("ul", { class: "filters", role: "list" }, Object.entries(STATES).map(([name, text]) =>
    h("li", {}, h("a", { href: address(name, ""), "aria-current": name === state && !kind ? "page" : null }, text))));
  return ["Jobs and mails", h("p", { class: "soft" }, "Mails wait here, too. What a mail says is never shown: it may hold secret links."),
    place.element, panel(kind ? `${STATES[state]}: ${kind}` : STATES[state], states, list)];
}
