"""Which world the product talks to: the running sandbox, or what the environment and a file of the user's say.

A profile is a file of variables. While the sandbox is up there is `.flowmart/profile.env`, which leads everything
to it. `FLOWMART_PROFILE=<name>` chooses `.flowmart/<name>.env` instead, and `FLOWMART_PROFILE=none` neither.

While `flowmart server` is up there is `.flowmart/server.env` besides, which only says where Prefect is. It comes
first: a profile that names a Prefect server of its own, as the sandbox's does, replaces it.

To be called before prefect is imported, because prefect reads its variables when it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from tasks.domain.errors import InvalidInput

SANDBOX = "sandbox"
"""What the profile of the running sandbox is called."""

_WHOLE = ("AWS_", "PREFECT_API_")
"""Families of variables that only make sense together: a profile that sets one of them sets them all.

So nobody's real AWS_PROFILE or session token is mixed with the sandbox's keys."""


def activate(root: Path, environ: MutableMapping[str, str] = os.environ) -> str | None:
    """Put the chosen profile's variables into `environ`, over what is there; returns its name, `None` without one.

    Raises `InvalidInput` when FLOWMART_PROFILE names a profile that does not exist.
    """
    name, server = chosen(root, environ), root / ".flowmart" / "server.env"
    if environ.get("FLOWMART_PROFILE") != "none" and server.is_file():
        _apply(read(server), environ)
    if name:
        _apply(read(_file(root, name)), environ)
    return name


def chosen(root: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """The name of the profile that `activate` uses; `None` without one. Errors as there."""
    wanted = environ.get("FLOWMART_PROFILE", "")
    if wanted == "none":
        return None
    file = _file(root, wanted or SANDBOX)
    if file.is_file():
        return wanted or SANDBOX
    if not wanted:
        return None
    raise InvalidInput(f"FLOWMART_PROFILE={wanted}: {file} does not exist; {_alternatives(file.parent)}")


def _file(root: Path, name: str) -> Path:
    return root / ".flowmart" / f"{'profile' if name == SANDBOX else name}.env"


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
    known = sorted(file.stem for file in folder.glob("*.env") if file.stem not in ("profile", "server"))
    return f"choose one of {', '.join(known)}, or none" if known else "create it, or set FLOWMART_PROFILE=none"
