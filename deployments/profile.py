"""Which world the product talks to: the running sandbox, or what the environment and a file of the user's say.

A profile is a file of variables. While the sandbox is up there is `.flowmart/profile.env`, which leads everything
to it. `FLOWMART_PROFILE=<name>` chooses `.flowmart/<name>.env` instead, and `FLOWMART_PROFILE=none` neither.

To be called before prefect is imported, because prefect reads its variables when it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from tasks.errors import InvalidInput

SANDBOX = "sandbox"
"""What the profile of the running sandbox is called."""

_WHOLE = ("AWS_", "PREFECT_API_")
"""Families of variables that only make sense together: a profile that sets one of them sets them all.

So nobody's real AWS_PROFILE or session token is mixed with the sandbox's keys."""


def activate(root: Path, environ: MutableMapping[str, str] = os.environ) -> str | None:
    """Put the chosen profile's variables into `environ`, over what is there; returns its name, `None` without one.

    Raises `InvalidInput` when FLOWMART_PROFILE names a profile that does not exist.
    """
    chosen = environ.get("FLOWMART_PROFILE", "")
    if chosen == "none":
        return None
    file = root / ".flowmart" / f"{'profile' if chosen in ('', SANDBOX) else chosen}.env"
    if not file.is_file():
        if not chosen:
            return None
        raise InvalidInput(f"FLOWMART_PROFILE={chosen}: {file} does not exist; {_alternatives(file.parent)}")
    _apply(read(file), environ)
    return chosen or SANDBOX


def read(file: Path) -> dict[str, str]:
    """The variables in a profile's file (`NAME=value` lines); a name without a value is an `InvalidInput`."""
    found = dotenv_values(file, interpolate=False)
    for name, value in found.items():
        if value is None:
            raise InvalidInput(f"{file}: {name} has no value; write {name}=value")
    return {name: value for name, value in found.items() if value is not None}


def _apply(variables: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    for family in _WHOLE:
        if any(name.startswith(family) for name in variables):
            for name in [name for name in environ if name.startswith(family)]:
                del environ[name]
    environ.update(variables)


def _alternatives(folder: Path) -> str:
    known = sorted(file.stem for file in folder.glob("*.env") if file.stem != "profile")
    return f"choose one of {', '.join(known)}, or none" if known else "create it, or set FLOWMART_PROFILE=none"
