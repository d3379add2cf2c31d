"""A page in a browser, with a record of its requests, its complaints and what its policy forbade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

WATCH_POLICY = """
window.forbidden = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.forbidden.push(`${event.violatedDirective} ${event.blockedURI}`));
"""

# Contrast as WCAG 2 defines it, of every element with text of its own against what is painted below it.
FAINT_TEXT = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [r, g, b] = read(color).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const below = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (read(color)[3] === 255) return color;
    }
    return "white";
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.body.querySelectorAll("*")]
    .filter((element) => own(element) && element.checkVisibility() && element.tagName !== "NOSCRIPT")
    .map((element) => {
      const pair = [light(getComputedStyle(element).color), light(below(element))].sort((a, b) => b - a);
      return [element.textContent.trim(), (pair[0] + 0.05) / (pair[1] + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
}
"""


class Visit:
    """One page; `complaints` are console messages and errors, `bytes` what it took to show it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.page.add_init_script(WATCH_POLICY)
        await self.page.goto(url)

    async def live(self) -> None:
        """Wait until the page says that it is live and shows a poll."""
        await expect(self.find("#status")).to_have_text("Live")
        await expect(self.find("#poll[data-filled]:not([data-stale])")).to_be_visible()

    def find(self, selector: str) -> Locator:
        """Find an element."""
        return self.page.locator(selector)

    def option(self, name: str) -> Locator:
        """Find the row of a poll's option."""
        return self.page.locator(".option").filter(has=self.page.get_by_text(name, exact=True))

    async def run(self, script: str) -> Any:
        """Run a script in the page and return what it returns."""
        return await self.page.evaluate(script)

    async def forbidden(self) -> list[str]:
        """List what the page's policy forbade."""
        found: list[str] = await self.run("window.forbidden")
        return found

    async def size(self) -> int:
        """Return the bytes of the page and its files."""
        total: int = await self.run(
            "performance.getEntries().reduce((sum, entry) => sum + (entry.encodedBodySize ?? 0), 0)"
        )
        return total

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        wider: int = await self.run("document.documentElement.scrollWidth - innerWidth")
        return wider

    async def faint_text(self) -> list[tuple[str, float]]:
        """List the texts whose contrast is below 4.5, with it."""
        found: list[tuple[str, float]] = await self.run(FAINT_TEXT)
        return found

    async def photograph(self, path: Path) -> bytes:
        """Take a picture of the whole page."""
        return await self.page.screenshot(path=path, full_page=True, animations="disabled")


def is_of(server: str, request: str) -> bool:
    """Tell whether a request went to the server."""
    return request.removeprefix("http").removeprefix("ws").startswith(server.removeprefix("http") + "/")
