// What a dashboard shows, as its address says: `?channel=polls:1&channel=events:3&view=wall`.

const MOST = 24; // panels; a hub takes more, a screen doesn't
const LONGEST = 255;

const encode = (channel) => encodeURIComponent(channel).replaceAll("%3A", ":").replaceAll("%2F", "/");

/** Reads an address; `channels` is null where it names none, and the page may suggest some. */
export function readPlan(search) {
  const query = new URLSearchParams(search);
  const named = query.getAll("channel").map((name) => name.trim());
  const channels = [...new Set(named)].filter((name) => name && name.length <= LONGEST).slice(0, MOST);
  return { channels: query.has("channel") ? channels : null, wall: query.get("view") === "wall" };
}

/** Writes the address of a plan; no channel at all is `channel=`. */
export function writePlan({ channels, wall }) {
  const parts = (channels ?? []).map((channel) => `channel=${encode(channel)}`);
  if (channels && !channels.length) parts.push("channel=");
  if (wall) parts.push("view=wall");
  return `/dashboard${parts.length ? `?${parts.join("&")}` : ""}`;
}

/** Returns a plan with one channel more, at its end. */
export function withChannel(plan, channel) {
  const channels = plan.channels ?? [];
  return { ...plan, channels: channels.includes(channel) ? channels : [...channels, channel].slice(-MOST) };
}

/** Returns a plan without a channel. */
export function withoutChannel(plan, channel) {
  return { ...plan, channels: (plan.channels ?? []).filter((each) => each !== channel) };
}

/** Suggests what to look at first, out of the channels that there are. */
export function suggest(listed) {
  const first = (prefix, most) => listed.filter((name) => name.startsWith(prefix)).slice(0, most);
  const wanted = [["polls:", 1], ["events:", 2], ["stats:", 1], ["feed:", 2], ["comics:releases", 1]];
  return wanted.flatMap(([prefix, most]) => first(prefix, most));
}
