"""What a root's HCL says that no plan does: which variables are secret, and which attributes `ignore_changes` names.

Read only when there is an error to mask or a difference to judge: parsing takes about 0.2 s a folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

_MODULES = Path(".terraform/modules/modules.json")
"""Where `terraform init` writes down each module's folder."""
_STEP = re.compile(r"\[[^\]]*\]")
_HEREDOC = re.compile(r"<<-?(\w+)\n(.*)\n\s*\1", re.DOTALL)

ALL = "*"
"""In place of names: the whole object is ignored."""


def sensitive_values(folder: Path, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
    """All values that the variables of a root marked `sensitive` or `ephemeral` may have: given, or by default."""
    declared = {name: body for name, body in _named(folder, "variable") if _is_secret(body)}
    given = [values for file in sorted(folder.iterdir()) if (values := _values(file))]
    defaults = {name: body.get("default") for name, body in declared.items()}
    return tuple(values[name] for values in (defaults, *given, inputs) for name in declared if name in values)


def ignored(folder: Path, address: str) -> frozenset[str]:
    """The top-level attributes of an object that the code says to ignore; `ALL` for every one."""
    *modules, kind, name = _STEP.sub("", address.split(" ")[0]).split(".")
    where = _module(folder, ".".join(modules[1::2]))
    blocks = (body for label, body in _resources(where) if label == (kind, name)) if where else ()
    found = (entry for body in blocks for block in body.get("lifecycle", ()) for entry in _listed(block))
    return frozenset(ALL if entry == "all" else re.split(r"[.\[]", entry)[0] for entry in found)


def _is_secret(body: Mapping[str, Any]) -> bool:
    return body.get("sensitive") is True or body.get("ephemeral") is True


def _listed(lifecycle: Mapping[str, Any]) -> list[str]:
    written = lifecycle.get("ignore_changes", [])
    entries = written if isinstance(written, list) else [written]
    return [re.sub(r"^\$\{|\}$", "", str(entry)) for entry in entries]


def _module(folder: Path, key: str) -> Path | None:
    if not key:
        return folder
    file = folder / _MODULES
    known = json.loads(file.read_text())["Modules"] if file.is_file() else ()
    return next((folder / item["Dir"] for item in known if item["Key"] == key), None)


def _resources(folder: Path) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for kind, named in _named(folder, "resource"):
        for name, body in named.items():
            if isinstance(body, Mapping):
                yield (kind, name), body


def _named(folder: Path, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for file in sorted(folder.glob("*.tf")):
        for block in _read(file).get(kind, ()):
            yield from block.items()


def _values(file: Path) -> Mapping[str, Any]:
    """The values in a file of variables that terraform reads by itself."""
    if file.name == "terraform.tfvars" or file.name.endswith(".auto.tfvars"):
        return _read(file)
    if file.name == "terraform.tfvars.json" or file.name.endswith(".auto.tfvars.json"):
        found: Mapping[str, Any] = json.loads(file.read_text())
        return found
    return {}


def _read(file: Path) -> Mapping[str, Any]:
    """A file's content; nothing of one that is no HCL, which terraform itself rejects."""
    try:
        found: Mapping[str, Any] = _plain(hcl2.loads(file.read_text()))
    except Exception:  # noqa: BLE001 (the parser's own, of many types)
        return {}
    return found


def _plain(value: Any) -> Any:
    """What python-hcl2 read, without the quotes of texts, the marks of here-documents, and its own keys."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not (isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"'):
        return value
    document = _HEREDOC.fullmatch(value[1:-1])
    return document[2] if document else _unescaped(value)


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]
