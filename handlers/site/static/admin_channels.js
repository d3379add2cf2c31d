// The live hub: every channel with its subscribers and messages a second, over all processes.

import { COUNT, h, panel, Place, rate, table } from "./admin_parts.js";

const PAUSE = 2000; // ms between two looks, while somebody looks
const SHOWN = 200;

/** Adds up what the processes say; rates come from the look before (null where there was none). */
export function addUp(now, before) {
  const seconds = before ? now.at - before.at : 0;
  const old = new Map(before?.processes.map((each) => [each.node, each]) ?? []);
  const grown = (value, former) => (former === undefined || seconds <= 0 ? null : Math.max(0, value - former) / seconds);
  const channels = new Map();
  for (const process of now.processes) {
    const former = new Map(old.get(process.node)?.channels.map((each) => [each.name, each.published]) ?? []);
    for (const { name, kind, subscribers, published } of process.channels) {
      const sum = channels.get(name) ?? { name, kind, subscribers: 0, processes: 0, perSecond: null };
      const pace = grown(published, former.get(name));
      // Each process publishes the same messages to its own subscribers: they count once.
      const perSecond = pace === null ? sum.perSecond : Math.max(sum.perSecond ?? 0, pace);
      channels.set(name, { ...sum, subscribers: sum.subscribers + subscribers, processes: sum.processes + 1, perSecond });
    }
  }
  const processes = now.processes.map((each) => ({
    ...each,
    perSecond: grown(each.publications, old.get(each.node)?.publications),
    deliveriesPerSecond: grown(each.deliveries, old.get(each.node)?.deliveries),
  }));
  return { processes, channels: [...channels.values()].sort((a, b) => b.subscribers - a.subscribers || a.name.localeCompare(b.name)) };
}

function draw({ processes, channels }) {
  const sum = (name) => processes.reduce((total, each) => total + each[name], 0);
  const hidden = sum("more") + Math.max(0, channels.length - SHOWN);
  return [
    h("dl", { class: "numbers" }, [["Connections", sum("connections")], ["Subscriptions", sum("subscriptions")], ["Channels", channels.length + sum("more")], ["Processes", processes.length]]
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "big" }, COUNT.format(value))))),
    panel("Channels", table("Channels", ["Channel", "Kind", "Subscribers", "Messages a second", "Processes"],
      channels.slice(0, SHOWN).map((each) => [h("a", { href: `/dashboard?${new URLSearchParams({ channel: each.name })}` }, each.name), each.kind, each.subscribers, rate(each.perSecond), each.processes]), "Nobody listens to anything."),
      hidden > 0 && h("p", { class: "hint" }, `${COUNT.format(hidden)} more channels with few subscribers.`)),
    panel("Processes", table("Processes", ["Process", "Connections", "Subscriptions", "Messages a second", "Deliveries a second"],
      processes.map((each) => [h("code", {}, each.node.slice(0, 8)), each.connections, each.subscriptions, rate(each.perSecond), rate(each.deliveriesPerSecond)]), "No process answered.")),
  ];
}

/** The hub, looked at again and again for as long as the page is visible. */
export function showChannels(desk) {
  const place = new Place();
  let before = null;
  const visible = () => new Promise((resolve) => {
    if (!document.hidden) resolve();
    else document.addEventListener("visibilitychange", resolve, { once: true });
  });
  const watch = async () => {
    while (!desk.left) {
      try {
        const now = await desk.call("/channels");
        keepFocus(place, () => place.show(draw(addUp(now, before))));
        before = now;
      } catch (error) {
        if (error.name === "AbortError" || desk.left) return;
        before = null;
        place.fail(error, watch);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      await visible();
    }
  };
  watch();
  return ["Channels", h("p", { class: "soft" }, "All processes together, looked at every 2 seconds."), place.element];
}

/** Draws anew and gives the focus back to the same link: whoever goes by keyboard must not be thrown out. */
function keepFocus(place, redraw) {
  const href = place.element.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  redraw();
  if (href) [...place.element.querySelectorAll("a")].find((each) => each.getAttribute("href") === href)?.focus();
}
