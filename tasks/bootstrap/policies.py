"""Loads the policies of the two roles and of the state bucket: a platform's own, or FlowMart's defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput

FOLDER = "bootstrap"
"""The folder of a platform's own policies, below infrastructure/."""

DEFAULTS = Path(__file__).with_name("defaults")

POLICIES = ("plan", "apply", "trust", "state-bucket")
"""The permissions of the plan role and the apply role; who may assume them; the policy of the state bucket."""


def file_of(infrastructure: Path, policy: str) -> Path:
    """Return the file of a policy (`POLICIES`): the platform's own, else FlowMart's."""
    own = infrastructure / FOLDER / f"{policy}.json"
    return own if own.is_file() else DEFAULTS / own.name


def write(infrastructure: Path) -> tuple[Path, ...]:
    """Copy the default policies that a platform has not replaced, so that it can adapt them.

    Returns:
        The files that were written.
    """
    missing = [file for name in POLICIES if (file := file_of(infrastructure, name)).parent == DEFAULTS]
    (infrastructure / FOLDER).mkdir(parents=True, exist_ok=True)
    written = tuple(infrastructure / FOLDER / file.name for file in missing)
    for file, place in zip(missing, written, strict=True):
        place.write_text(file.read_text())
    return written


def document(file: Path, names: Mapping[str, Any]) -> dict[str, Any]:
    """Read the policy in a JSON file, and fill in every `${name}` of `names`.

    A string that is only one `${name}` becomes the value itself, which may be a list; within a list, its elements are
    inserted. A statement whose resources are empty is left out. AWS's own variables, such as `${aws:username}`, are
    kept.

    Raises:
        InvalidInput: The file is missing or not JSON, or names an unknown variable.
    """
    try:
        policy = _filled(json.loads(file.read_text()), names)
    except FileNotFoundError as error:
        raise InvalidInput(f"{file}: missing; restore it from version control") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{file}:{error.lineno}: not JSON: {error.msg}") from error
    except KeyError as error:
        raise InvalidInput(f"{file}: ${{{error.args[0]}}} is unknown; use one of {', '.join(names)}") from error
    if not isinstance(policy, dict):
        raise InvalidInput(f"{file}: a policy is an object with Version and Statement")
    found: dict[str, Any] = policy
    if isinstance(statements := found.get("Statement"), list):
        found["Statement"] = [
            each for each in statements if not (isinstance(each, dict) and each.get("Resource") == [])
        ]
    return found


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [each for inner in value for each in _listed(_filled(inner, names))]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{(\w+)\}", value)
    return names[whole[1]] if whole else re.sub(r"\$\{(\w+)\}", lambda found: str(names[found[1]]), value)


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
