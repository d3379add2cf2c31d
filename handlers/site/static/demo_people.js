// The people of the demo, whose keys this page may use.

/** Tells whether the server runs its demo. */
export function isDemo() {
  return document.querySelector('meta[name="demo"]') !== null;
}

/** Fetches who there is; nobody outside the demo. */
export async function fetchPeople() {
  if (!isDemo()) return [];
  try {
    const response = await fetch("/demo/people.json");
    return response.ok ? (await response.json()).people : [];
  } catch {
    return [];
  }
}
