// Polls: the list, a form for new ones, and a poll whose votes are watched as they come.

import { COUNT, field, h, pages, panel, Place, said, table } from "./admin_parts.js";
import { TallyView } from "./tally.js";

const OPTION = /^[A-Za-z0-9_-]{1,32}$/;

function readOptions(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line) => {
    const [id, ...label] = line.split("=");
    return [id.trim(), label.join("=").trim()];
  });
}

function form(desk) {
  const { line, say, fail } = said();
  const number = h("input", { id: "poll-id", inputmode: "numeric", required: true, autocomplete: "off" });
  const question = h("input", { id: "poll-question", autocomplete: "off", maxlength: "1000" });
  const options = h("textarea", { id: "poll-options", rows: "4", required: true, spellcheck: "false" });
  const extend = h("input", { id: "poll-extend", type: "checkbox" });
  const create = async (event) => {
    event.preventDefault();
    const found = readOptions(options.value);
    const bad = found.find(([id]) => !OPTION.test(id));
    if (!/^[1-9]\d{0,14}$/.test(number.value.trim())) return say("The number is a whole number from 1 on.", "bad");
    if (!found.length || bad) return say(bad ? `“${bad[0]}” is no option’s id.` : "A poll needs an option.", "bad");
    const body = { poll_id: Number(number.value), question: question.value.trim(), options: Object.fromEntries(found), extend: extend.checked };
    try {
      const made = await desk.call("/polls", { method: "POST", body });
      desk.go(`/admin/polls/${made.poll_id}`);
    } catch (error) {
      fail(error);
    }
  };
  return panel("New poll", h("form", { class: "form stack", novalidate: true, onsubmit: create },
    field("Number", number), field("Question", question),
    field("Options", options, "One a line: an id of A-Z a-z 0-9 _ - and, behind =, what people read. tea=Tea"),
    h("label", { class: "flag" }, extend, h("span", {}, "Add the options to a poll that exists already")),
    h("p", { class: "actions" }, h("button", {}, "Make the poll")), line));
}

/** The list. */
export function showPolls(desk) {
  const read = (before) => desk.call(before === null ? "/polls" : `/polls?before=${before}`);
  const row = (poll) => [
    h("a", { href: `/admin/polls/${poll.poll_id}` }, poll.question || `Poll ${poll.poll_id}`),
    String(poll.poll_id), Object.keys(poll.options).length, poll.total,
  ];
  const draw = (all) => table("Polls", ["Question", "Number", "Options", "Votes"], all.flatMap((page) => page.polls).map(row), "There are no polls.");
  return ["Polls", pages(read, draw, (page) => page.next, "Polls"), form(desk)];
}

/** One poll, live. */
export function showPoll(desk) {
  const place = new Place();
  const channel = `polls:${desk.number}`;
  const read = () => desk.call(`/polls/${desk.number}`);
  const draw = (poll) => {
    desk.rename(poll.question || `Poll ${poll.poll_id}`);
    const list = h("ul", { class: "options", id: "options", role: "list" });
    const total = h("b", { id: "total" });
    const view = new TallyView(list);
    const show = (tally) => {
      view.show({ ...tally, options: poll.options });
      total.textContent = COUNT.format(tally.total);
    };
    const refusal = h("p", { class: "refusal", hidden: true });
    const element = h("section", { class: "panel poll", "aria-label": "Votes" },
      h("p", { class: "figure" }, total, " votes", h("span", { class: "soft" }, ` · poll ${poll.poll_id}, live`)), refusal, list);
    show(poll);
    desk.follow(channel, {
      data: show,
      fresh: () => element.toggleAttribute("data-filled", true),
      refused: ({ message }) => {
        refusal.hidden = false;
        refusal.textContent = `The votes can’t be followed: ${message}.`;
      },
    });
    return [element];
  };
  place.load(read, draw);
  return [`Poll ${desk.number}`, place.element];
}
