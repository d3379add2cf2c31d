// How fast something comes in: votes, worked out from successive tallies, or a channel's messages.

export const SECONDS = 60;

/** Counts the votes between two tallies of a poll: first votes and changed ones alike. */
export function countVotes(before, after) {
  const gains = Object.entries(after.stats).map(([id, votes]) => votes - (before.stats[id] ?? 0));
  return gains.reduce((sum, gain) => sum + Math.max(0, gain), 0);
}

/** What came in each of the last 60 seconds; times are milliseconds of one steady clock. */
export class Rate {
  #start;
  #seen = []; // [second, number]

  constructor(now) {
    this.#start = Math.floor(now / 1000);
  }

  /** Counts what has just come in. */
  add(number, now) {
    const second = Math.floor(now / 1000);
    const last = this.#seen.at(-1);
    if (last?.[0] === second) last[1] += number;
    else this.#seen.push([second, number]);
    while (this.#seen[0][0] <= second - SECONDS) this.#seen.shift();
  }

  /** Lists the numbers of each second, oldest first; null for seconds before anybody counted. */
  list(now) {
    const first = Math.floor(now / 1000) - SECONDS + 1;
    const counts = Array.from({ length: SECONDS }, (_, index) => (first + index < this.#start ? null : 0));
    for (const [second, count] of this.#seen) {
      if (second >= first) counts[second - first] = count;
    }
    return counts;
  }
}

/** Draws one upright stroke for each second, as the path of an SVG that is 60 wide and `height` high. */
export function drawStrokes(counts, height) {
  const most = Math.max(4, ...counts);
  return counts
    .map((count, index) => (count ? `M${index + 0.5} ${height}V${(height * (1 - count / most)).toFixed(2)}` : ""))
    .join("");
}
