// What every page does with its elements: make them, write into them, say numbers and times.

export const COUNT = new Intl.NumberFormat("en");
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const STEPS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const DAY = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const MOMENT = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" });

/** Makes an element at the end of another; text goes in by `textContent`, never as markup. */
export function make(name, className, parent, attributes = {}) {
  const element = document.createElement(name);
  if (className) element.className = className;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

/** Writes a text, unless it is there already. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Says how many of something there are: `1 vote`, `2,000 votes`. */
export function count(number, one, many = `${one}s`) {
  return `${COUNT.format(number)} ${number === 1 ? one : many}`;
}

/** Says how long ago something was. */
export function describeAge(seconds) {
  if (seconds < 5) return "just now";
  const [unit, size] = STEPS.find(([, length]) => seconds >= length);
  return AGO.format(-Math.floor(seconds / size), unit);
}

/** Says how long ago a moment was, in Unix seconds, and leaves the moment itself in the element. */
export function writeAge(element, moment) {
  element.dateTime = new Date(moment * 1000).toISOString();
  write(element, describeAge(Math.max(0, Date.now() / 1000 - moment)));
}

/** Says a day: `24 Nov`, in parts for a calendar leaf. */
export function leaf(text) {
  const parts = Object.fromEntries(DAY.formatToParts(new Date(text)).map(({ type, value }) => [type, value]));
  return { day: parts.day, month: parts.month };
}

/** Says a day and its hour in full. */
export function describeMoment(text) {
  return MOMENT.format(new Date(text));
}
