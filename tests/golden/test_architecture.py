"""ARCHITECTURE.md says what the code is: the folders that it draws are those that there are, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.engines import BUILT_IN

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "ARCHITECTURE.md").read_text()


def folders(of: Path) -> set[str]:
    return {path.name for path in of.iterdir() if path.is_dir() and (path / "__init__.py").exists()}


def drawn(below: str) -> set[str]:
    """The folders drawn below one, in the picture of the house."""
    picture = TEXT.split("## Folders")[1].split("```")[1]
    inside = re.search(rf"^{below}/[^\n]*\n((?:  [^\n]*\n)+)", picture, re.MULTILINE)
    assert inside
    heads = (line.strip().split("  ")[0] for line in inside[1].splitlines())
    return {name.rstrip("/") for head in heads for name in head.split() if name.endswith("/")}


def test_every_folder_of_the_core_is_drawn_and_no_other() -> None:
    assert drawn("tasks") == folders(PROJECT / "tasks")


def test_every_folder_of_the_ways_in_is_drawn_and_no_other() -> None:
    assert drawn("deployments") == folders(PROJECT / "deployments")


def test_every_engine_is_in_the_table() -> None:
    rows = re.findall(r"^\| (\w+) \|", TEXT.split("## Engines")[1].split("## The sandbox")[0], re.MULTILINE)
    assert set(rows) - {"engine"} == {engine.name for engine in BUILT_IN}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tasks|flows|deployments|tests)/[\w/.]+)`", TEXT))))
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (PROJECT / path).exists()


def modules_named(text: str) -> set[str]:
    """The modules of the product that a text names in backticks: `tasks.promotion.gate`."""
    return set(re.findall(r"`((?:tasks|flows|deployments)(?:\.[a-z_]\w*)+)`", text))


def is_there(module: str) -> bool:
    """Whether there is such a module, or a module with a name in it."""
    *above, last = module.split(".")
    folder = PROJECT.joinpath(*above)
    if (folder / last).is_dir() or (folder / f"{last}.py").is_file():
        return True
    home = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return home.is_file() and re.search(rf"\b{last}\b", home.read_text()) is not None


def test_every_module_that_the_code_names_exists() -> None:
    files = [file for name in ("tasks", "flows", "deployments") for file in sorted((PROJECT / name).rglob("*.py"))]
    named = {(file, module) for file in files for module in modules_named(file.read_text())}
    assert [f"{file.relative_to(PROJECT)}: {module}" for file, module in sorted(named) if not is_there(module)] == []
    assert named
    assert not is_there("tasks.model")
