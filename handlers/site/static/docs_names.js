// Gives names to what Swagger UI leaves without one, for people who hear the page or use no mouse.

function rowName(element) {
  return element.closest("tr[data-param-name]")?.dataset.paramName;
}

function name(element, words) {
  if (!element.hasAttribute("aria-label")) element.setAttribute("aria-label", words);
}

function mend(place) {
  for (const each of place.querySelectorAll("select")) {
    const media = each.classList.contains("content-type") || each.closest(".content-type-wrapper, .body-param-content-type, .response-controls");
    name(each, each.id === "servers" ? "Server" : rowName(each) ?? (media ? "Media type" : "Example"));
  }
  for (const each of place.querySelectorAll("textarea, input[type=text], input[type=file], input:not([type])")) {
    name(each, rowName(each) ?? (each.classList.contains("operation-filter-input") ? "Filter by tag" : "Body"));
  }
  for (const each of place.querySelectorAll("pre:is(.microlight, .curl, .example):not([tabindex])")) each.tabIndex = 0; // they scroll
  // A link inside a button is two controls in one place; the button alone keeps the address, too.
  for (const each of place.querySelectorAll("button a[href]")) each.removeAttribute("href");
}

/** Names the controls of a part of the page, also those that come later. */
export function nameControls(place) {
  let planned = false;
  const plan = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      mend(place);
    });
  };
  new MutationObserver(plan).observe(place, { childList: true, subtree: true });
}
