// What kinds of channels there are: what people call them, and what shows them.

import { EventView } from "./dashboard_event.js";
import { JsonView, MembersView, NewsView, NoticesView, PollView, ReleasesView, TopView } from "./dashboard_views.js";
import { PeopleView } from "./dashboard_people.js";

const KINDS = [
  { prefix: "polls:", group: "Polls", kind: "Poll", title: (id) => `Poll ${id}`, View: PollView },
  { prefix: "events:", group: "Events", kind: "Event", title: (id) => `Event ${id}`, View: EventView },
  { prefix: "attendance:", group: "People at events", kind: "People", title: (id) => `People at event ${id}`, View: PeopleView },
  { prefix: "stats:members", group: "Community", kind: "Community", title: () => "Members", View: MembersView },
  { prefix: "feed:updates", group: "Community", kind: "News", title: () => "Just now", View: NewsView },
  { prefix: "feed:leaderboard", group: "Community", kind: "Ranks", title: () => "Top contributors", View: TopView },
  { prefix: "comics:releases", group: "Comics", kind: "Comics", title: (slug) => (slug ? `New in ${slug.slice(1)}` : "Newest comics"), View: ReleasesView },
  { prefix: "identity#", group: "Yours", kind: "Yours", title: () => "Your account", View: NoticesView },
];
const OTHER = { prefix: "", group: "Other", kind: "Channel", title: (name) => name, View: JsonView };

export const GROUPS = [...new Set([...KINDS, OTHER].map(({ group }) => group))];

/** Describes a channel: `{group, kind, title, key, View}`. */
export function describeChannel(channel) {
  const found = KINDS.find(({ prefix }) => channel.startsWith(prefix)) ?? OTHER;
  const key = channel.slice(found.prefix.length);
  return { group: found.group, kind: found.kind, title: found.title(key), key, View: found.View };
}
