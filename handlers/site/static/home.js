// The start page: the poll, the rate of votes and the members, live.

import { Hub, hubAddress } from "./live.js";
import { drawStrokes, countVotes, VoteRate } from "./rate.js";
import { markFresh, markRefused, Status } from "./status.js";
import { COUNT, fetchWords, TallyView } from "./tally.js";

const AGO = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const STEPS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RECENT = 5; // seconds that "now" is averaged over

const byId = (id) => document.getElementById(id);

function write(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

function describeAge(seconds) {
  if (seconds < 5) return "just now";
  const [unit, size] = STEPS.find(([, length]) => seconds >= length);
  return AGO.format(-Math.floor(seconds / size), unit);
}

class PollPanel {
  #panel = byId("poll");
  #view = new TallyView(byId("options"));
  #last = null;
  #rate;
  #words;

  constructor(rate, words) {
    this.#rate = rate;
    this.#words = words;
  }

  data(counts, caughtUp) {
    const tally = { ...counts, ...this.#words };
    // What was cast while nobody listened belongs to no second of the chart.
    if (this.#last && !caughtUp) this.#rate.add(countVotes(this.#last, tally));
    this.#last = tally;
    if (tally.question) write("question", tally.question);
    write("total", COUNT.format(tally.total));
    write("total-unit", tally.total === 1 ? "vote" : "votes");
    this.#view.show(tally);
  }

  fresh() {
    markFresh(this.#panel);
    markFresh(byId("rate"));
  }

  refused(error) {
    markRefused(this.#panel, error);
  }
}

class RatePanel {
  #rate = new VoteRate(performance.now());
  #line = byId("strokes");

  add(votes) {
    this.#rate.add(votes, performance.now());
    this.draw();
  }

  draw() {
    const votes = this.#rate.list(performance.now());
    const sum = votes.reduce((total, count) => total + count, 0);
    const recent = votes.slice(-RECENT - 1, -1).reduce((total, count) => total + count, 0) / RECENT;
    write("per-minute", COUNT.format(sum));
    write("per-second", recent.toFixed(1));
    this.#line.setAttribute("d", drawStrokes(votes, 20));
    byId("known").setAttribute("d", `M${votes.lastIndexOf(null) + 1} 20H60`); // before it, nobody counted
    const most = Math.max(...votes);
    byId("chart").setAttribute("aria-label", `Votes in each of the last 60 seconds, ${most} at the most`);
  }
}

class MembersPanel {
  #panel = byId("members");
  #lastSignup = null;

  data(counters) {
    this.#lastSignup = counters.last_member_signup;
    write("people", COUNT.format(counters.n_members_raw));
    for (const [id, count] of [["on-roll", counters.n_members], ["validated", counters.n_members_validated]]) {
      write(id, COUNT.format(count));
      const share = counters.n_members_raw ? count / counters.n_members_raw : 0;
      byId(`${id}-bar`).style.setProperty("--length", share.toFixed(4));
    }
    this.draw();
  }

  draw() {
    if (this.#lastSignup === null) return;
    const place = byId("last-signup");
    place.dateTime = new Date(this.#lastSignup * 1000).toISOString();
    write("last-signup", describeAge(Math.max(0, Date.now() / 1000 - this.#lastSignup)));
  }

  fresh() {
    markFresh(this.#panel);
  }

  refused(error) {
    markRefused(this.#panel, error);
  }
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  const text = button.dataset.copy.replace("{origin}", location.origin);
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").textContent = `Copied: ${text}`;
    button.toggleAttribute("data-done", true);
    setTimeout(() => button.removeAttribute("data-done"), 1600);
  } catch {
    getSelection().selectAllChildren(code); // no clipboard outside a secure context: Ctrl+C is left to do
    byId("copied").textContent = "Selected. Copy it with your keyboard.";
  }
}

async function start() {
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
  const rate = new RatePanel();
  const members = new MembersPanel();
  const status = new Status(byId("status"));
  const hub = new Hub(hubAddress(location), (state) => status.show(state));
  hub.subscribe("polls:1", new PollPanel(rate, await fetchWords(1)));
  hub.subscribe("stats:members", members);
  setInterval(() => {
    rate.draw();
    members.draw();
  }, 1000);
  hub.start();
}

start();
