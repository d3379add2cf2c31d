// A poll as bars: one row an option, in an order that never changes, the highest marked.

import { COUNT, make } from "./elements.js";

export { COUNT };
const SHARE = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Fetches a poll's question and the labels of its options; the pages do without them if need be. */
export async function fetchWords(pollId) {
  try {
    const response = await fetch(`/dashboard/polls/${pollId}`);
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** What an option is called: its label where the tally brings one, else its id. */
export function nameOption(tally, id) {
  return tally.options?.[id] || `Option ${id}`;
}

/** Works out one row for each option: what to write, how long the bar is, whether it leads. */
export function computeRows(tally) {
  const counts = Object.entries(tally.stats);
  const most = Math.max(0, ...counts.map(([, votes]) => votes));
  const leaders = counts.filter(([, votes]) => votes === most).length;
  return counts.map(([id, votes]) => ({
    id,
    label: nameOption(tally, id),
    votes,
    share: tally.total ? votes / tally.total : 0,
    length: most ? votes / most : 0,
    mark: most && votes === most ? (leaders > 1 ? "Tied" : "Leading") : "",
  }));
}

/** Draws a tally into a list; `choose(id, label)`, where given, puts a voting button into each row. */
export class TallyView {
  #list;
  #choose;
  #rows = new Map();
  #own = null;

  constructor(list, choose = null) {
    this.#list = list;
    this.#choose = choose;
  }

  /** Shows a tally. */
  show(tally) {
    for (const row of computeRows(tally)) this.#update(this.#rows.get(row.id) ?? this.#add(row.id), row, tally);
  }

  /** Marks the option that the member has chosen. */
  markOwn(id) {
    this.#own = id;
    for (const [each, parts] of this.#rows) this.#paintButton(each, parts);
  }

  /** Lets the buttons be used, or not. */
  enable(usable) {
    for (const { button } of this.#rows.values()) button.disabled = !usable;
  }

  #add(id) {
    const item = make("li", "option", this.#list);
    const label = make("span", "label", item, { id: `${this.#list.id}-${id}` });
    const parts = { item, label, name: make("span", "name", label), mark: make("span", "mark", label) };
    const track = make("span", "track", item, { role: "meter", "aria-labelledby": label.id, "aria-valuemin": 0 });
    Object.assign(parts, { track, bar: make("span", "bar", track) });
    parts.votes = make("span", "votes", item);
    parts.share = make("span", "share", item);
    if (this.#choose) {
      parts.button = make("button", "choice", item, { type: "button" });
      parts.button.addEventListener("click", () => this.#choose(id, parts.name.textContent));
    }
    this.#rows.set(id, parts);
    return parts;
  }

  #update(parts, row, tally) {
    const { track } = parts;
    parts.name.textContent = row.label;
    parts.mark.textContent = row.mark;
    parts.item.toggleAttribute("data-leads", row.mark !== "");
    parts.votes.textContent = COUNT.format(row.votes);
    parts.share.textContent = SHARE.format(row.share);
    parts.bar.style.setProperty("--length", row.length.toFixed(4));
    track.setAttribute("aria-valuemax", Math.max(tally.total, 1));
    track.setAttribute("aria-valuenow", row.votes);
    track.setAttribute("aria-valuetext", `${row.votes} of ${tally.total} votes, ${SHARE.format(row.share)}`);
    this.#paintButton(row.id, parts);
  }

  #paintButton(id, { item, button, name }) {
    if (!button) return;
    const own = id === this.#own;
    item.toggleAttribute("data-own", own);
    button.textContent = own ? "Your vote" : "Vote";
    button.setAttribute("aria-label", own ? `Your vote: ${name.textContent}` : `Vote for ${name.textContent}`);
  }
}
