// The demo's box: looks for new messages every other second, and shows the one that is chosen.

const PAUSE = 2_000; // ms
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const WHOLE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const BOX = "/demo/mail.json";

const find = (id) => document.getElementById(id);
const list = find("letters");
const rows = new Map(); // number -> list item
let chosen = null;
let known = null; // what the last list said, to tell news by

/** Makes an element with a class and a text. */
function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function say(text) {
  find("said").textContent = text;
}

function makeRow({ number, subject, to, kind, sent }) {
  const row = make("li");
  const button = make("button");
  button.type = "button";
  const moment = new Date(sent * 1000);
  const time = make("time", "", CLOCK.format(moment));
  time.dateTime = moment.toISOString();
  button.append(make("span", "subject", subject), time, make("span", "to", kind === "sms" ? `SMS to ${to}` : to));
  button.addEventListener("click", () => show(number, true));
  row.append(button);
  return row;
}

function draw(messages) {
  const numbers = new Set(messages.map(({ number }) => number));
  for (const [number, row] of rows) {
    if (!numbers.has(number)) {
      row.remove();
      rows.delete(number);
    }
  }
  let before = list.firstElementChild;
  for (const message of messages) {
    const row = rows.get(message.number) ?? makeRow(message);
    rows.set(message.number, row);
    if (row === before) before = before.nextElementSibling;
    else list.insertBefore(row, before);
  }
  find("count").textContent = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  find("empty").hidden = messages.length > 0;
  find("clear").hidden = messages.length === 0;
  if (chosen !== null && !rows.has(chosen)) close();
}

function close() {
  chosen = null;
  find("open").hidden = true;
  find("hint").hidden = false;
}

function shape(name) {
  for (const button of find("shapes").children) button.setAttribute("aria-pressed", button.dataset.shape === name);
  find("words").hidden = name !== "text";
  find("page").hidden = name !== "page";
  if (name === "page") find("page").src = `/demo/mail/${chosen}/page`;
}

function makePart({ text, link, code }) {
  if (code !== undefined) {
    const part = make("span", "code");
    const copy = make("button", "quiet", "Copy");
    copy.type = "button";
    copy.setAttribute("aria-label", `Copy the code ${code}`);
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
      say(`Copied: ${code}`);
    });
    part.append(make("b", "", code), copy);
    return part;
  }
  if (link === undefined) return document.createTextNode(text);
  const anchor = make("a", "", text);
  anchor.href = link;
  anchor.target = "_blank";
  anchor.rel = "noopener";
  return anchor;
}

async function show(number, byHand = false) {
  chosen = number;
  const response = await fetch(`/demo/mail/${number}`);
  if (!response.ok || chosen !== number) return;
  const { subject, to, sent, parts, has_page: hasPage } = await response.json();
  for (const [each, row] of rows) {
    row.firstElementChild.toggleAttribute("aria-current", each === number);
    if (each === number) row.toggleAttribute("data-read", true);
  }
  find("subject").textContent = subject;
  find("to").textContent = to;
  find("sent").textContent = WHOLE.format(new Date(sent * 1000));
  find("words").replaceChildren(...parts.map(makePart));
  find("shapes").hidden = !hasPage;
  find("open").hidden = false;
  find("hint").hidden = true;
  shape("text");
  if (byHand) {
    find("letter").focus({ preventScroll: true });
    if (find("letter").getBoundingClientRect().top > innerHeight * 0.6) find("letter").scrollIntoView();
  }
}

async function look() {
  if (document.hidden) {
    setTimeout(look, PAUSE);
    return;
  }
  try {
    const response = await fetch(BOX);
    if (response.ok) {
      const { messages } = await response.json();
      const news = messages.map(({ number }) => number).join();
      if (news !== known) {
        const first = known === null;
        known = news;
        draw(messages);
        if (chosen === null && messages.length > 0) await show(messages[0].number);
        else if (!first && messages.length > 0) say(`Newest: ${messages[0].subject}, to ${messages[0].to}`);
      }
    }
  } catch {
    // The server is away for a moment; the next look finds it again.
  }
  setTimeout(look, PAUSE);
}

find("shapes").addEventListener("click", ({ target }) => target.dataset.shape && shape(target.dataset.shape));
find("clear").addEventListener("click", async () => {
  await fetch(BOX, { method: "DELETE" });
  close();
  known = null;
  draw([]);
  say("The box is empty.");
});
look();
