"""The product keeps its shape: short functions, short files, a docstring on what others use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("handlers", "storage", "realtime", "scripts")
FILES = [ROOT / "server.py", ROOT / "settings.py"]
FILES += sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST_FUNCTION, LONGEST_FILE = 45, 400  # lines
DRIVERS = {"pymongo", "motor", "bson", "gridfs"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level packages that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_are_short(path: Path) -> None:
    functions = [node for node in ast.walk(read(path)) if isinstance(node, FUNCTIONS)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_modules_and_public_classes_say_what_they_are(path: Path) -> None:
    tree = read(path)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    assert ast.get_docstring(tree)
    assert [each.name for each in classes if not ast.get_docstring(each)] == []


@pytest.mark.parametrize("path", FILES[:2], ids=name)
def test_the_modules_that_the_import_linter_cannot_see_know_no_driver(path: Path) -> None:
    assert not DRIVERS & set(imported(read(path)))
