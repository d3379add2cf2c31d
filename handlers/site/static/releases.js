// New releases of comics: the strip, which comic, when.

import { make } from "./elements.js";

const OWN_MEDIA = "/media/comics/";

/** Returns where a strip can be shown from: this server, under whatever name the page knows it. */
export function ownPath(file) {
  const path = file ? new URL(file, location.href).pathname : "";
  return path.startsWith(OWN_MEDIA) ? path : null;
}

/** Draws a release; `names` maps a comic's URI to its name. Returns when it came out. */
export function drawRelease(item, release, names) {
  const [image] = release.images;
  const path = ownPath(image?.file);
  const frame = make("span", "strip", item);
  if (path) make("img", "", frame, { src: path, alt: "", loading: "lazy", decoding: "async" });
  const line = make("span", "line", item);
  const name = names.get(release.comic);
  make("b", "", line).textContent = name ?? image?.title ?? `Comic ${release.comic.split("/").at(-2)}`;
  if (name && image?.title) make("span", "title", line).textContent = image.title;
  return Date.parse(release.fetched) / 1000;
}

/** Names a release, however it was heard of. */
export const nameRelease = (release) => release.id;

/** Fetches the comics' names and the newest releases; needs a Comics key. */
export async function fetchReleases(key, limit) {
  const headers = { Authorization: key };
  const [comics, releases] = await Promise.all(
    ["comics/?limit=0", `releases/?limit=${limit}`].map(async (path) => {
      const response = await fetch(`/api/v1/${path}`, { headers });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return (await response.json()).objects;
    }),
  );
  return { names: new Map(comics.map(({ resource_uri, name }) => [resource_uri, name])), releases };
}
