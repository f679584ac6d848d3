"""Find and read templates, in YAML or JSON.

CloudFormation takes JSON and YAML 1.1 (`tasks.yaml11`), and a template may have any name. Parameter values are text
to CloudFormation, so everything in the Parameters section (defaults above all) is text here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.values import UNKNOWN
from tasks.yaml11 import Loader, as_texts

NAMES = ("template.yaml", "template.yml", "template.json", "template.template")
"""File names by which a unit's template is found if its options name none."""

_OPEN = ("AWS::LanguageExtensions", "AWS::Serverless-2016-10-31")
"""Transforms that add no outputs but those of loops."""

_SUFFIXES = (".yaml", ".yml", ".json", ".template", ".cform", ".cfn")


def template_file(folder: Path, name: str = "") -> Path:
    """Return a unit's template: the one that is named, else one of `NAMES`, else the only template in the folder.

    Raises:
        InvalidInput: there is none, or more than one.
    """
    if name:
        if not (folder / name).is_file():
            there = ", ".join(file.name for file in _templates_in(folder)) or "none"
            raise InvalidInput(f"{folder}: there is no template {name} (cloudformation.template); templates: {there}")
        return folder / name
    named = [folder / name for name in NAMES if (folder / name).is_file()]
    found = named or _templates_in(folder)
    if len(found) == 1:
        return found[0]
    if found:
        told = ", ".join(file.name for file in found)
        raise InvalidInput(
            f"{folder}: holds several templates ({told}): name the unit's in cloudformation: {{template: ...}}, "
            f"or call it {NAMES[0]}"
        )
    raise InvalidInput(f"{folder}: holds no template: add {NAMES[0]}")


def parsed(file: Path) -> dict[str, Any]:
    """Parse a template file, with its short forms (!Ref) written out.

    Raises:
        InvalidInput: the file is not a template.
    """
    try:
        return document_of(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidInput(f"{file}: {error}") from error


def document_of(text: str) -> dict[str, Any]:
    """Parse the text of a template, with its short forms written out.

    Raises:
        ValueError: the text is not a template.
        YAMLError: the text is not valid YAML.
    """
    found = _read(text)
    if isinstance(found, dict) and "Parameters" in found:
        found["Parameters"] = as_texts(found["Parameters"])
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise ValueError("is not a template: it has no Resources")
    for section in ("Conditions", "Mappings", "Outputs", "Parameters"):
        if not isinstance(found.get(section) or {}, dict):
            raise ValueError(f"{section} should be a mapping of names, not {found[section]!r}")
    for name, slot in (found.get("Parameters") or {}).items():
        if not isinstance(slot, dict):
            raise ValueError(f"Parameters: {name} should be a mapping with a Type, not {slot!r}")
    if _is_endless(found, ()):
        raise ValueError("holds a YAML alias inside of what it stands for")
    return found


def _is_endless(value: Any, above: tuple[int, ...]) -> bool:
    """Tell whether a value contains itself."""
    if id(value) in above:
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_endless(item, (*above, id(value))) for item in inside if isinstance(item, dict | list))


def has_aliases(text: str) -> bool:
    """Tell whether a template repeats a part by a YAML alias, which CloudFormation does not accept."""
    if text.lstrip().startswith("{"):
        return False
    return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader))


def declared(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters that a template declares."""
    return document.get("Parameters") or {}


def is_hidden(slot: Mapping[str, Any]) -> bool:
    """Tell whether a parameter is declared with NoEcho."""
    return str(slot.get("NoEcho", "")).lower() == "true"


def has_macros(document: Mapping[str, Any]) -> bool:
    """Tell whether macros may declare more than a template shows. Its own transforms declare loops, or resources."""
    found = document.get("Transform") or []
    names = found if isinstance(found, list) else [found]
    return any(name not in _OPEN for name in names) or _has_inline(document.get("Outputs"))


def _has_inline(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "Fn::Transform" in value or any(map(_has_inline, value.values()))
    return isinstance(value, list) and any(map(_has_inline, value))


def is_list(slot: Mapping[str, Any]) -> bool:
    """Tell whether the value of a parameter is a list, which is written as text with commas."""
    kind = str(slot.get("Type", ""))
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def parts(value: Any) -> Any:
    """Return the items of a list that is written with commas; a value that is not known as it is."""
    if not isinstance(value, str) or value == UNKNOWN:
        return value
    return [part.strip() for part in value.split(",")] if value else []


def _read(text: str) -> Any:
    # JSON may be indented with tabs, which YAML does not allow.
    if text.lstrip().startswith("{"):
        try:
            return yaml12.load_json(text)
        except ValueError as error:
            return _flowing(text, error)
    return _written(text)


def _flowing(text: str, error: ValueError) -> Any:
    """Read a text that begins like JSON and is not: YAML's flow style begins with a brace, too."""
    try:
        return _written(text)
    except yaml.YAMLError as other:
        raise ValueError(f"is not valid JSON (which has no comments): {error}") from other


def _written(text: str) -> Any:
    return yaml12.load_by(text, _Loader)


def _templates_in(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix in _SUFFIXES)
    return [file for file in files if _is_template(file)]


def _is_template(file: Path) -> bool:
    try:
        document_of(file.read_text(encoding="utf-8-sig"))
    except (ValueError, yaml.YAMLError):
        return False
    return True


class _Loader(Loader):
    """Loads templates: tags are intrinsic functions."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)
