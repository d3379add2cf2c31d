// Who is signed in, and calls in their name. The credential stays in this tab and is never written into a page.

const KEY = "folkmoot-admin";

/** What a call was answered with instead of a result; `status` 0 is no answer at all. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The credential of this tab. */
export class Session {
  #ended;

  /** `ended(reason)` is called when the server does not take the credential any more. */
  constructor(ended) {
    this.#ended = ended;
  }

  get open() {
    return sessionStorage.getItem(KEY) !== null;
  }

  /** Keeps the value of an Authorization header. */
  keep(credential) {
    sessionStorage.setItem(KEY, credential);
  }

  forget() {
    sessionStorage.removeItem(KEY);
  }

  /** Trades an address and a password for a token of Know Me's; throws Refused. */
  async signIn(email, password) {
    const response = await send("/auth/login/", "POST", { email, password });
    const told = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(response.status, describeRefusal(response, told));
    this.keep(`Token ${told.token}`);
  }

  /** Calls the administrators' API; resolves to its JSON, throws Refused. */
  async call(path, { method = "GET", body, signal } = {}) {
    const response = await this.request(path, { method, body, signal });
    return response.status === 204 ? null : response.json();
  }

  /** Calls the API and resolves to the response itself, for whoever reads it line by line. */
  async request(path, { method = "GET", body, signal } = {}) {
    const headers = { Authorization: sessionStorage.getItem(KEY) ?? "" };
    const response = await send(`/admin/api${path}`, method, body, headers, signal);
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    const message = told.error ?? `The server answered ${response.status}.`;
    if (response.status === 401 || (response.status === 403 && this.open)) {
      this.forget();
      this.#ended(response.status === 401 ? "Your sign-in has ended. Sign in again." : `This account may not: ${message}.`);
    }
    throw new Refused(response.status, message);
  }
}

async function send(path, method, body, headers = {}, signal = undefined) {
  const content = body === undefined ? {} : { "Content-Type": "application/json" };
  const options = { method, headers: { ...headers, ...content }, body: body === undefined ? undefined : JSON.stringify(body) };
  try {
    return await fetch(path, { ...options, signal, credentials: "omit", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, navigator.onLine ? "The server does not answer." : "You are offline.");
  }
}

function describeRefusal(response, told) {
  if (response.status === 429) {
    const minutes = Math.ceil(Number(response.headers.get("Retry-After") ?? 60) / 60);
    return `Too many tries. Try again in ${minutes} minute${minutes === 1 ? "" : "s"}.`;
  }
  const reasons = Object.values(told).flat().filter((each) => typeof each === "string");
  return reasons.join(" ") || `The server answered ${response.status}.`;
}
