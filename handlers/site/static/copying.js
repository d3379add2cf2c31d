// Buttons that copy the call which feeds a panel.

const SHOWN = 1600; // ms that a button says so

async function copy(button, said) {
  const text = button.dataset.copy.replaceAll("{origin}", location.origin);
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = `Copied: ${text}`;
    button.toggleAttribute("data-done", true);
    setTimeout(() => button.removeAttribute("data-done"), SHOWN);
  } catch {
    // No clipboard outside a secure context: the keyboard is left to do it.
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    said.textContent = "Selected. Copy it with your keyboard.";
  }
}

/** Lets every `[data-copy]` below an element copy its text; what happened is told in `said`. */
export function listenForCopies(root, said) {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button, said);
  });
}
