"""What the documents tell people to run: fenced blocks, their commands and the answers shown below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.serving import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<<-?'?(\w+)'?")
ANYTHING = "…"


@dataclass(frozen=True)
class Command:
    """One command with the answer that its document shows; an empty one promises nothing."""

    text: str
    answer: str

    def is_answer(self, found: str) -> bool:
        """Tell whether an output is what is shown; `…` stands for anything, on its own line for any lines."""
        pieces = (re.escape(piece.strip(" ")) for piece in self.answer.split(ANYTHING))
        return re.fullmatch(r"\s*(?:.*?)\s*".join(pieces), found.strip(), re.DOTALL) is not None


def documents() -> list[Path]:
    """List what people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read_blocks(document: Path, language: str) -> list[str]:
    """Return a document's fenced blocks of a language."""
    found = FENCE.findall(document.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def read_commands(block: str) -> Iterator[Command]:
    """Yield a shell block's commands, each with the comment lines that follow it as its answer."""
    lines = block.splitlines()
    while lines:
        command = [lines.pop(0)]
        if (here := HEREDOC.search(command[0])) is not None:
            while command[-1] != here[1]:
                command.append(lines.pop(0))
        while command[-1].endswith("\\"):
            command.append(lines.pop(0))
        answer = []
        while lines and lines[0].startswith("# "):
            answer.append(lines.pop(0).removeprefix("# "))
        if command != [""]:
            yield Command("\n".join(command), "\n".join(answer))
