// The start page: the poll, the rate of votes, the members, events, news and releases, live.

import { listenForCopies } from "./copying.js";
import { COUNT, write, writeAge } from "./elements.js";
import { EventsPanel } from "./home_events.js";
import { NewsPanel, showReleases } from "./home_streams.js";
import { Hub, hubAddress } from "./live.js";
import { countVotes, drawStrokes, Rate } from "./rate.js";
import { markFresh, markRefused, Status } from "./status.js";
import { fetchWords, TallyView } from "./tally.js";

const POLL = 1;
const RECENT = 5; // seconds that "now" is averaged over

const byId = (id) => document.getElementById(id);

class PollPanel {
  #panel = byId("poll");
  #view = new TallyView(byId("options"));
  #last = null;
  #rate;
  #words = {};

  constructor(rate) {
    this.#rate = rate;
  }

  name(words) {
    this.#words = words;
    if (this.#last) this.#show();
  }

  data(tally, caughtUp) {
    // What was cast while nobody listened belongs to no second of the chart.
    if (this.#last && !caughtUp) this.#rate.add(countVotes(this.#last, tally));
    this.#last = tally;
    this.#show();
  }

  #show() {
    const tally = { ...this.#last, ...this.#words };
    if (tally.question) write(byId("question"), tally.question);
    write(byId("total"), COUNT.format(tally.total));
    write(byId("total-unit"), tally.total === 1 ? "vote" : "votes");
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
  #rate = new Rate(performance.now());
  #line = byId("strokes");

  add(votes) {
    this.#rate.add(votes, performance.now());
    this.draw();
  }

  draw() {
    const votes = this.#rate.list(performance.now());
    const sum = votes.reduce((total, each) => total + each, 0);
    const recent = votes.slice(-RECENT - 1, -1).reduce((total, each) => total + each, 0) / RECENT;
    write(byId("per-minute"), COUNT.format(sum));
    write(byId("per-second"), recent.toFixed(1));
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
    write(byId("people"), COUNT.format(counters.n_members_raw));
    for (const [id, number] of [["on-roll", counters.n_members], ["validated", counters.n_members_validated]]) {
      write(byId(id), COUNT.format(number));
      const share = counters.n_members_raw ? number / counters.n_members_raw : 0;
      byId(`${id}-bar`).style.setProperty("--length", share.toFixed(4));
    }
    this.draw();
  }

  draw() {
    if (this.#lastSignup !== null) writeAge(byId("last-signup"), this.#lastSignup);
  }

  fresh() {
    markFresh(this.#panel);
  }

  refused(error) {
    markRefused(this.#panel, error);
  }
}

function start() {
  listenForCopies(document, byId("copied"));
  const rate = new RatePanel();
  const members = new MembersPanel();
  const poll = new PollPanel(rate);
  const status = new Status(byId("status"));
  const hub = new Hub(hubAddress(location), (state) => status.show(state));
  const news = new NewsPanel(byId("news"), hub);
  const events = new EventsPanel(byId("events"), hub);
  hub.subscribe(`polls:${POLL}`, poll);
  hub.subscribe("stats:members", members);
  hub.subscribe("feed:updates", news);
  hub.start();
  fetchWords(POLL).then((words) => poll.name(words));
  events.start();
  const releases = showReleases(byId("releases"), hub);
  setInterval(() => {
    for (const panel of [rate, members]) panel.draw();
    for (const panel of [news, releases]) panel.tick();
  }, 1000);
}

start();
