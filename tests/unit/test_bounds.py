"""A small file of somebody else's cannot take all memory, whichever of the product's readers gets it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import bounds, manifest, yaml12
from tasks.bounds import TooLarge
from tasks.cluster import objects
from tasks.domain.errors import InvalidInput
from tasks.engines import playbooks
from tasks.engines.cloudformation import documents

LEVELS = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}' if n else 'x'] * 10)}]" for n in range(9))
"""Ten values, ten times those, and so on: 1 KB that stands for a billion values."""

DEEP = "[" * 5000 + "]" * 5000

NESTED_ALIASES = "\n".join(f"l{n}: &l{n} [{f'*l{n - 1}' if n else 'x'}]" for n in range(200))
"""Not deep as it is written, only by its aliases."""

HOSTILE = {
    "grows": LEVELS,
    "deep": f"a: {DEEP}",
    "deep by aliases": NESTED_ALIASES,
    "long": "a: " + "x" * bounds.SIZE,
}

READERS: dict[str, Callable[[str], Any]] = {
    "core": yaml12.load,
    "text": yaml12.load_text,
    "composed": yaml12.compose_by,
    "tools": lambda text: yaml12.load_by(text, yaml.SafeLoader),
    "streams": lambda text: yaml12.load_all_by(text, yaml.CSafeLoader),
    "templates": documents.document_of,
}


def test_the_example_is_as_small_as_it_is_said_to_be() -> None:
    assert len(LEVELS) < 1024


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_yaml_is_refused(reader: str, text: str) -> None:
    with pytest.raises(TooLarge):
        READERS[reader](HOSTILE[text])


def test_merge_keys_grow_too() -> None:
    text = "\n".join(f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 10) if n else '{a: 1}'}]}}" for n in range(9))
    with pytest.raises(TooLarge, match="its aliases stand for over"):
        yaml12.load_by(text, yaml.SafeLoader)


def test_platform_yaml_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text(LEVELS)
    with pytest.raises(InvalidInput, match=r"platform\.yaml: grows too much: .* write them out, or fewer"):
        manifest.load(tmp_path)


def test_manifests_and_playbooks_say_which_file_it_is(tmp_path: Path) -> None:
    (tmp_path / "playbook.yml").write_text(LEVELS)
    with pytest.raises(InvalidInput, match=r"playbook\.yml: is not valid YAML: grows too much"):
        playbooks.parsed(tmp_path / "playbook.yml")
    with pytest.raises(InvalidInput, match="overlay: is not valid YAML: grows too much"):
        objects.parsed(LEVELS, "overlay")


def test_aliases_that_people_write_are_read() -> None:
    text = "base: &base {a: 1, b: [1, 2]}\n" + "\n".join(f"k{n}: *base" for n in range(500))
    assert yaml12.load(text)["k499"] == {"a": 1, "b": [1, 2]}


def test_an_anchor_of_one_document_is_none_of_the_next() -> None:
    with pytest.raises(yaml.YAMLError, match="undefined alias"):
        yaml12.load_all_by("a: &a 1\n---\nb: *a\n", yaml.SafeLoader)


def test_what_is_no_yaml_is_told_by_its_reader() -> None:
    with pytest.raises(yaml.YAMLError, match="while parsing a flow"):
        yaml12.load("a: [")


@pytest.mark.parametrize("text", [DEEP, '{"a":' * 500 + "1" + "}" * 500])
def test_a_deep_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        yaml12.load_json(text)


def test_brackets_in_texts_are_not_depth() -> None:
    assert yaml12.load_json('{"a": "%s", "b": "\\"["}' % ("[" * 500))["b"] == '"['


def test_nothing_else_in_the_product_reads_yaml(project: Path) -> None:
    """The sandbox stands for others' servers; what it reads is not the product's."""
    ours = [*project.glob("tasks/**/*.py"), *project.glob("flows/*.py"), *project.glob("deployments/**/*.py")]
    found = [
        f"{file.relative_to(project)}:{node.lineno}"
        for file in ours
        if "sandbox" not in file.parts and file.name not in ("yaml12.py", "bounds.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "yaml" and node.attr in _READING
    ]
    assert found == []


_READING = {"load", "load_all", "safe_load", "safe_load_all", "full_load", "unsafe_load", "compose", "compose_all"}
