// How fast votes come in, worked out from successive tallies.

export const SECONDS = 60;

/** Counts the votes between two tallies of a poll: first votes and changed ones alike. */
export function countVotes(before, after) {
  const gains = Object.entries(after.stats).map(([id, votes]) => votes - (before.stats[id] ?? 0));
  return gains.reduce((sum, gain) => sum + Math.max(0, gain), 0);
}

/** Votes in each of the last 60 seconds; times are milliseconds of one steady clock. */
export class VoteRate {
  #start;
  #seen = []; // [second, votes]

  constructor(now) {
    this.#start = Math.floor(now / 1000);
  }

  /** Counts votes that have just come in. */
  add(votes, now) {
    const second = Math.floor(now / 1000);
    const last = this.#seen.at(-1);
    if (last?.[0] === second) last[1] += votes;
    else this.#seen.push([second, votes]);
    while (this.#seen[0][0] <= second - SECONDS) this.#seen.shift();
  }

  /** Lists the votes of each second, oldest first; null for seconds before anybody counted. */
  list(now) {
    const first = Math.floor(now / 1000) - SECONDS + 1;
    const votes = Array.from({ length: SECONDS }, (_, index) => (first + index < this.#start ? null : 0));
    for (const [second, count] of this.#seen) {
      if (second >= first) votes[second - first] = count;
    }
    return votes;
  }
}

/** Draws one upright stroke for each second, as the path of an SVG that is 60 wide and `height` high. */
export function drawStrokes(votes, height) {
  const most = Math.max(4, ...votes);
  return votes
    .map((count, index) => (count ? `M${index + 0.5} ${height}V${(height * (1 - count / most)).toFixed(2)}` : ""))
    .join("");
}
