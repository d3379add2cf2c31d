// The integrity check: run on the server, its progress read line by line.

import { button, COUNT, h, panel, table, tell } from "./admin_parts.js";

async function* readLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
  }
}

function conclude({ findings, stopped }, shown) {
  if (stopped) return `Stopped: ${stopped}. ${COUNT.format(findings)} findings so far.`;
  if (!findings) return "Everything agrees.";
  return `${COUNT.format(findings)} finding${findings === 1 ? "" : "s"}${findings > shown ? `, the first ${COUNT.format(shown)} of them below` : ""}.`;
}

/** The check. */
export function showIntegrity(desk) {
  const bar = h("progress", { id: "check-bar", max: "1", value: "0", "aria-label": "Progress of the check" });
  const step = h("p", { class: "soft", id: "check-step" });
  const verdict = h("p", { class: "verdict", role: "status" });
  const list = h("div");
  const going = h("div", { hidden: true }, bar, step);
  const run = async () => {
    const found = [];
    going.hidden = false;
    list.replaceChildren();
    verdict.textContent = "";
    verdict.removeAttribute("data-kind");
    bar.value = 0;
    step.textContent = "Beginning…";
    let over = null;
    try {
      const response = await desk.request("/integrity", { method: "POST" });
      for await (const line of readLines(response)) {
        if (line.check) {
          bar.max = line.total;
          bar.value = line.number - 1;
          step.textContent = `${line.number} of ${line.total}: ${line.check}`;
        }
        if (line.finding) found.push(line.finding);
        if (line.findings !== undefined) over = line;
      }
      if (over === null) throw new Error("The answer broke off.");
      verdict.dataset.kind = over.findings || over.stopped ? "bad" : "good";
      verdict.textContent = conclude(over, found.length);
    } catch (error) {
      if (error.name === "AbortError") return;
      verdict.dataset.kind = "bad";
      verdict.textContent = error.message;
    }
    going.hidden = true;
    tell(verdict.textContent);
    if (found.length) list.replaceChildren(table("Findings", ["Check", "Where", "What"], found.map((each) => [each.check, h("code", {}, each.place), each.detail]), ""));
  };
  return ["Integrity", panel("Does what is stored agree with itself?",
    h("p", { class: "soft" }, "Tallies with votes, counters with people, references, indexes. It changes nothing and runs beside everything else; on a large database it takes a while."),
    h("p", { class: "actions" }, button("Run the check", run)), going, verdict, list)];
}
