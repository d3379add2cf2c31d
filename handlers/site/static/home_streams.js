// The start page's streams: the community's news, and new releases for whoever may see them.

import { fetchPeople, isDemo } from "./demo_people.js";
import { Hub, hubAddress, tradeCredential } from "./live.js";
import { drawNews } from "./news.js";
import { drawRelease, fetchReleases, nameRelease } from "./releases.js";
import { markFresh, markRefused } from "./status.js";
import { StreamList, StreamListener } from "./stream.js";

const NEWS = 7;
const RELEASES = 3;
const CHANNEL = "comics:releases";

/** A panel that lists a stream. */
class StreamPanel extends StreamListener {
  #panel;

  constructor(panel, hub, channel, list) {
    super(hub, channel, list);
    this.#panel = panel;
  }

  async fresh(position) {
    if (await super.fresh(position)) markFresh(this.#panel);
  }

  refused(error) {
    markRefused(this.#panel, error);
  }
}

/** The update feed. */
export class NewsPanel extends StreamPanel {
  constructor(panel, hub) {
    super(panel, hub, "feed:updates", new StreamList(panel.querySelector("ul"), NEWS, drawNews));
  }
}

class ReleasesPanel extends StreamPanel {
  #closed;

  constructor(panel, hub, names) {
    const draw = (item, release) => drawRelease(item, release, names);
    super(panel, hub, CHANNEL, new StreamList(panel.querySelector("ul"), RELEASES, draw, nameRelease));
    this.#closed = panel.querySelector(".closed");
  }

  fresh(position) {
    this.#closed.hidden = true;
    return super.fresh(position);
  }

  refused() {
    this.#closed.hidden = false;
  }
}

/**
 * Follows the newest releases: in the demo with the key of somebody there, else as who is signed in.
 * The demo's key has a connection of its own: should it be renewed, everything else goes on.
 */
export function showReleases(panel, hub) {
  const names = new Map();
  const releases = new ReleasesPanel(panel, hub, names);
  if (isDemo()) followAsReader(panel, hub, releases, names);
  else hub.subscribe(CHANNEL, releases);
  return releases;
}

async function followAsReader(panel, hub, fallback, names) {
  const reader = (await fetchPeople()).findLast(({ credentials }) => credentials?.comics);
  if (!reader) {
    hub.subscribe(CHANNEL, fallback);
    return;
  }
  const key = reader.credentials.comics;
  const report = ({ name }) => name !== "live" && panel.toggleAttribute("data-stale", true);
  try {
    const found = await fetchReleases(key, RELEASES);
    for (const [comic, name] of found.names) names.set(comic, name);
    for (const release of found.releases) fallback.list.append(release);
  } catch {
    // The channel's own history has to do.
  }
  const own = new Hub(hubAddress(location), report, () => tradeCredential(key));
  fallback.follow(own);
  own.subscribe(CHANNEL, fallback);
  own.start();
}
