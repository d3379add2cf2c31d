// The voting page: the live tally, with a button for each option.

import { askForLink, call, forget, Refusal, say, takeSecret } from "./account.js";
import { Hub, hubAddress } from "./live.js";
import { markFresh, markRefused, Status } from "./status.js";
import { COUNT, fetchWords, nameOption, TallyView } from "./tally.js";

const POLL = 1;
const CHOSEN = "folkmoot.vote.1"; // the API tells nobody who chose what: this tab remembers its own choice

const byId = (id) => document.getElementById(id);

class Ballot {
  #panel = byId("poll");
  #said = byId("cast");
  #secret;
  #view;
  #tally = { stats: {} };
  #words;

  constructor(secret, words) {
    this.#secret = secret;
    this.#words = words;
    this.#view = new TallyView(byId("options"), secret ? (id, label) => this.#vote(id, label) : null);
    if (secret) this.#view.markOwn(sessionStorage.getItem(CHOSEN));
  }

  data(counts) {
    const tally = { ...counts, ...this.#words };
    this.#tally = tally;
    if (tally.question) byId("question").textContent = tally.question;
    byId("total").textContent = COUNT.format(tally.total);
    byId("total-unit").textContent = tally.total === 1 ? "vote" : "votes";
    this.#view.show(tally);
  }

  fresh() {
    markFresh(this.#panel);
  }

  refused(error) {
    markRefused(this.#panel, error);
  }

  async #vote(id, label) {
    this.#view.enable(false);
    try {
      const answer = await call("/api/v0/iiccot/cast_vote", { s: this.#secret, poll_id: POLL, option_id: id });
      sessionStorage.setItem(CHOSEN, id);
      this.#view.markOwn(id);
      say(this.#said, this.#confirm(label, answer.previous_option_id, id));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.#refuse(refusal);
    } finally {
      this.#view.enable(true);
    }
  }

  #confirm(label, previous, id) {
    if (previous === id) return `${label} was your vote already.`;
    if (previous === null) return `Counted: ${label}. You can change it at any time.`;
    return `Changed from ${nameOption(this.#tally, previous)} to ${label}.`;
  }

  #refuse(refusal) {
    if (refusal.status !== 403) {
      say(this.#said, refusal.message, "bad");
      return;
    }
    forget();
    byId("actions").hidden = true;
    askForLink(byId("sign-in"), "That link is no longer good. Ask for a new one.");
  }
}

async function start() {
  const secret = takeSecret();
  if (secret) byId("actions").hidden = false;
  else askForLink(byId("sign-in"));
  byId("leave").addEventListener("click", () => {
    forget();
    location.reload();
  });
  const status = new Status(byId("status"));
  const hub = new Hub(hubAddress(location), (state) => status.show(state));
  hub.subscribe(`polls:${POLL}`, new Ballot(secret, await fetchWords(POLL)));
  hub.start();
}

start();
