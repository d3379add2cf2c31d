// As whom a dashboard watches: everyone, who is signed in here, or whose credential was typed in.

import { tradeCredential } from "./live.js";

const PRINTABLE = /^[\x21-\x7e]+( [\x21-\x7e]+)?$/;
const KLUB_READS = /^(token|bearer) /i;
const COMICS_READS = /^(key|bearer) [0-9a-f]{32}$/i;

/** Tells whether a text can be the value of an Authorization header. */
export function isCredential(text) {
  return PRINTABLE.test(text);
}

/** The credential lives in this object alone: no storage, no address, gone with the page. */
export class Session {
  #credential = null;
  account = null;
  name = "";

  /** Takes another credential; null is the browser's own cookie, or nobody. */
  take(credential) {
    this.#credential = credential;
    this.account = null;
    this.name = "";
  }

  /** Tells whether a credential was typed in. */
  get isTyped() {
    return this.#credential !== null;
  }

  /** What fetches the hub's tokens; null where the cookie counts. */
  get getToken() {
    const credential = this.#credential;
    return credential === null ? null : () => tradeCredential(credential);
  }

  /** The Comics key, where the credential is one. */
  get comicsKey() {
    return COMICS_READS.test(this.#credential ?? "") ? this.#credential : null;
  }

  /** Reads JSON of Klub's API as the same person; null where that can't be, at once where only nobody could. */
  async readKlub(path, isPrivate = false) {
    const reads = this.#credential === null || KLUB_READS.test(this.#credential);
    if (isPrivate && !reads) return null;
    const options = this.#credential === null ? {} : { credentials: "omit" };
    if (this.#credential !== null && reads) options.headers = { Authorization: this.#credential };
    try {
      const response = await fetch(path, { cache: "no-store", ...options });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  /** Finds out who it is from the channels that the hub lists: everybody's own is among them. */
  async learn(listed) {
    const own = listed.find((channel) => channel.startsWith("identity#"));
    const account = own ? own.slice("identity#".length) : null;
    if (account === this.account) return;
    Object.assign(this, { account, name: "" });
    const who = account && (await this.readKlub("/api/frontend/whoami", true));
    if (account === this.account && who) this.name = [who.first_name, who.last_name].filter(Boolean).join(" ");
  }

  /** Says who watches. */
  describe() {
    if (this.account === null) return "Watching as everyone may";
    return `Watching as ${this.name || `account ${this.account}`}`;
  }
}
