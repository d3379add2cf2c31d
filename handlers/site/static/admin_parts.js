// What every area of the administrators' page is built of; texts go in as texts, never as markup.

const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const ISO = /^\d{4}-\d\d-\d\dT[\d:.]+$/; // as PyBossa keeps its times, in UTC
const PAUSE = 250; // ms after the last key before a search begins
export const COUNT = new Intl.NumberFormat("en");
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** Makes an element: attributes (`onclick` and the like listen, false and null are left out), then children. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

/** Says a moment in Unix seconds. */
export function moment(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const date = new Date(seconds * 1000);
  return h("time", { datetime: date.toISOString() }, MOMENT.format(date));
}

/** Says how many a second. */
export function rate(value) {
  return h("data", { value: value ?? "" }, value === null ? "…" : RATE.format(value));
}

/** Says a stored value. */
export function plain(value) {
  if (value === true || value === false) return value ? "yes" : "no";
  if (typeof value === "number") return COUNT.format(value);
  if (typeof value === "string" && ISO.test(value)) return moment(Date.parse(`${value}Z`) / 1000);
  if (Array.isArray(value)) return value.length ? value.map(String).join(", ") : "–";
  return value === null || value === undefined || value === "" ? "–" : String(value);
}

/** A word in a frame. */
export function mark(text, kind = "") {
  return h("span", { class: "chip", "data-kind": kind || null }, text);
}

/** A section with a heading. */
export function panel(title, ...children) {
  const id = `part-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, title), children);
}

/** A table that turns into cards on a phone: `columns` are its headings, those after a `~` for ears only. */
export function table(caption, columns, rows, empty) {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  const kind = (content) => (typeof content === "number" || content instanceof HTMLDataElement ? "number" : null);
  const cell = (content, index) =>
    h("td", { role: "cell", "data-label": columns[index].startsWith("~") ? "" : columns[index], class: kind(content) },
      typeof content === "number" ? COUNT.format(content) : content);
  return h("table", { class: "cards", role: "table" },
    h("caption", { class: "hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((each, index) => h("th", { role: "columnheader", scope: "col", class: kind(rows[0][index]) }, each.startsWith("~") ? h("span", { class: "hidden" }, each.slice(1)) : each)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, row.map(cell)))));
}

/** Names with what belongs to them. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A labelled input. */
export function field(label, input, hint = "") {
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, hint && h("p", { class: "hint" }, hint));
}

/** A button; while what it does is going on it can't be pressed again. */
export function button(text, deed, attributes = {}) {
  const element = h("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", async () => {
    element.disabled = true;
    try {
      await deed();
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

/** Says something to those who don't see it happen. */
export function tell(text) {
  document.getElementById("told").textContent = text;
}

/** Asks before something that can't be taken back; resolves to whether it is wanted. */
export function confirmDeed(title, text, label) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("#confirm-text").textContent = text;
  dialog.querySelector("[value=yes]").textContent = label;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** A place that shows what is loaded into it, or in words that it loads, is empty or failed. */
export class Place {
  constructor() {
    this.element = h("div", { class: "place", "aria-busy": "true" }, h("p", { class: "empty" }, "Loading…"));
  }

  show(...content) {
    this.element.setAttribute("aria-busy", "false");
    this.element.replaceChildren(...content.flat());
  }

  /** Loads; what goes wrong is shown with a button to try again. Being left is no failure. */
  async load(read, draw) {
    this.element.setAttribute("aria-busy", "true");
    try {
      this.show(draw(await read()));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.fail(error, () => this.load(read, draw));
    }
  }

  fail(error, again) {
    this.show(h("p", { class: "refusal", role: "alert" }, error.message), h("p", { class: "actions" }, button("Try again", again)));
  }
}

/** A list that goes on: rows of pages, with a button for the next one. */
export function pages(read, draw, next, caption) {
  const place = new Place();
  let all = [];
  const rows = () => place.element.querySelectorAll("tbody tr");
  const goOn = async (behind) => {
    const had = rows().length;
    await place.load(() => read(behind), add);
    rows()[had]?.querySelector("a, button")?.focus(); // the button that had the focus is gone
  };
  const add = (page) => {
    all = [...all, page];
    const behind = next(page);
    const more = behind === null ? null : h("p", { class: "actions" }, button("Show more", () => goOn(behind), { class: "button" }));
    return [draw(all), more].filter(Boolean);
  };
  place.load(() => read(null), add);
  place.element.setAttribute("aria-label", caption);
  place.element.setAttribute("role", "group");
  return place.element;
}

/** A line below a form that says how it went. */
export function said() {
  const line = h("p", { class: "said", role: "status" });
  const say = (text, kind = "good") => {
    line.dataset.kind = kind;
    line.textContent = text;
  };
  return { line, say, fail: (error) => say(error.message, "bad") };
}

/** A search that begins as one types; what is looked for is in the page's address. */
export function searching(desk, area, { label, hint, draw, caption }) {
  const place = h("div");
  const input = h("input", { id: "q", name: "q", type: "search", autocomplete: "off", spellcheck: "false", value: desk.query.get("q") ?? "", maxlength: "200" });
  const search = () => {
    const q = input.value.trim();
    const read = (before) => desk.call(`/${area}?${new URLSearchParams({ q, ...(before === null ? {} : { before }) })}`);
    place.replaceChildren(pages(read, (all) => draw(all, q), (page) => page.next, caption));
  };
  let timer = null;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (desk.left) return;
      const q = input.value.trim();
      history.replaceState(null, "", q ? `/admin/${area}?${new URLSearchParams({ q })}` : `/admin/${area}`);
      search();
    }, PAUSE);
  };
  const submit = (event) => { event.preventDefault(); soon(); };
  const form = h("form", { class: "search", role: "search", oninput: soon, onsubmit: submit }, field(label, input, hint));
  search();
  return [caption, form, place];
}
