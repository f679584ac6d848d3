"""`systemctl`, as far as modules, roles and people use it on services: systemctl(1)."""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Callable, Mapping, Sequence

from . import unitfiles
from .packages import Packages
from .root import Arguments, Failed, locked, not_emulated, place
from .unitfiles import Unit, full_name
from .units import Units, can_reload

VERSION = "systemd 252 (252.38-1~deb12u1)"
_IGNORED = (
    "--no-pager",
    "--no-block",
    "--quiet",
    "-q",
    "--all",
    "-a",
    "--plain",
    "--force",
    "-f",
    "-l",
    "--full",
    "--system",
)
_INACTIVE, _NO_UNIT = 3, 4
_SUBSTATES = {"active": "running", "inactive": "dead", "failed": "failed"}
_WITHOUT_PROCESS = {"timer": "waiting", "socket": "listening", "path": "waiting", "mount": "mounted"}

Said = tuple[list[str], int]
"""Lines for standard output, and the exit code."""


def main(arguments: Sequence[str]) -> Said:
    """Run systemctl.

    Args:
        arguments: The command line without the program.

    Raises:
        Failed: The command fails or is not emulated.
    """
    if "--version" in arguments:
        return [VERSION], 0
    given = _parsed(arguments)
    if given.user or getattr(given, "global"):
        raise not_emulated("units of users (systemctl --user)")
    act = _VERBS.get(given.verb)
    if act is None:
        raise not_emulated(f"systemctl {given.verb}")
    with locked("packages"):
        Packages()
        return act(Units(), given)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Arguments("systemctl")
    for flag in ("--user", "--global", "--now", "--no-legend", "--value"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-p", "--property", action="append", default=[])
    parser.add_argument("-t", "--type", default="")
    parser.add_argument("--state", default="")
    parser.add_argument("verb", nargs="?", default="list-units")
    parser.add_argument("units", nargs="*")
    return parser.parse_intermixed_args([word for word in arguments if word not in _IGNORED])


def _each(act: Callable[[Units, str], object]) -> Callable[[Units, argparse.Namespace], Said]:
    """Return a command that does the same to every named unit, and prints the lines that this returns."""

    def acted(units: Units, given: argparse.Namespace) -> Said:
        if not given.units:
            raise Failed("Too few arguments.")
        said: list[str] = []
        for name in map(full_name, given.units):
            found = act(units, name)
            said += found if isinstance(found, list) else []
        return said, 0

    return acted


def _restart(units: Units, name: str) -> None:
    units.stop(name)
    units.start(name)


def _try_restart(units: Units, name: str) -> None:
    if _is_active(units, name):
        _restart(units, name)


def _reload_or_restart(units: Units, name: str) -> None:
    reloads = can_reload(unitfiles.load(name)) and _is_active(units, name)
    (units.reload if reloads else lambda each: _restart(units, each))(name)


def _is_active(units: Units, name: str) -> bool:
    return bool(units.state(unitfiles.load(name))["active"] == "active")


def _enable(units: Units, given: argparse.Namespace) -> Said:
    said = [line for name in map(full_name, given.units) for line in units.enable(name)]
    for name in map(full_name, given.units if given.now else ()):
        units.start(name)
    return said, 0


def _disable(units: Units, given: argparse.Namespace) -> Said:
    for name in map(full_name, given.units if given.now else ()):
        units.stop(name)
    return [line for name in map(full_name, given.units) for line in units.disable(name)], 0


def _read_again(units: Units, _: argparse.Namespace) -> Said:
    units.read_again()
    return [], 0


def _show(units: Units, given: argparse.Namespace) -> Said:
    wanted = [name for each in given.property for name in each.split(",")]
    blocks = []
    for name in map(full_name, given.units):
        about = properties(units, unitfiles.load(name))
        chosen = {key: about.get(key, "") for key in wanted} if wanted else about
        blocks.append("\n".join(value if given.value else f"{key}={value}" for key, value in chosen.items()))
    return ["\n\n".join(blocks)], 0


def properties(units: Units, unit: Unit) -> Mapping[str, str]:
    """Return the properties of a unit that `systemctl show` prints."""
    state = units.state(unit)
    about = {
        "Id": unit.name,
        "Names": unit.name,
        "Description": unit.last("Unit", "Description", unit.name),
        "LoadState": unit.state,
        "ActiveState": state["active"],
        "SubState": _substate(unit, state["active"]),
        "FragmentPath": unit.path,
        "DropInPaths": " ".join(unit.dropins),
        "UnitFileState": units.is_enabled(unit) if unit.state != "not-found" else "",
        "NeedDaemonReload": "yes" if state.get("loaded", unit.digest) != unit.digest else "no",
        "CanReload": "yes" if can_reload(unit) else "no",
    }
    if unit.error:
        about["LoadError"] = f"org.freedesktop.systemd1.BadUnitSetting {unit.error}"
    if not unit.is_service or unit.state != "loaded":
        return about
    return {
        **about,
        "Type": unit.type,
        "MainPID": str(state.get("pid", 0)),
        "Result": "exit-code" if state["active"] == "failed" else "success",
        "ExecMainStatus": str(state.get("result", "")).partition("/")[0] or "0",
        "User": unit.last("Service", "User"),
        "ExecStart": "; ".join(unit.all("Service", "ExecStart")),
    }


def _substate(unit: Unit, active: str) -> str:
    if active != "active":
        return _SUBSTATES[active]
    if unit.is_service:
        return "exited" if unit.type == "oneshot" else "running"
    return _WITHOUT_PROCESS.get(unit.name.rpartition(".")[2], "active")


def _states(units: Units, given: argparse.Namespace, good: str) -> Said:
    """Run is-active or is-failed: print the states. The exit code is 0 if one unit has the wanted state."""
    said = [units.state(unitfiles.load(name))["active"] for name in map(full_name, given.units)]
    return said, 0 if good in said else _INACTIVE if good == "active" else 1


def _is_enabled(units: Units, given: argparse.Namespace) -> Said:
    said = []
    for name in map(full_name, given.units):
        unit = unitfiles.load(name)
        if unit.state == "not-found":
            raise Failed(f"Failed to get unit file state for {name}: No such file or directory")
        said.append(units.is_enabled(unit))
    return said, 0 if {"enabled", "static"} & {*said} else 1


def _status(units: Units, given: argparse.Namespace) -> Said:
    said: list[str] = []
    code = 0
    for name in map(full_name, given.units):
        unit = unitfiles.load(name)
        if unit.state == "not-found":
            raise Failed(f"Unit {name} could not be found.", _NO_UNIT)
        state = units.state(unit)["active"]
        said += [
            f"{unit.name} - {unit.last('Unit', 'Description', unit.name)}",
            f"     Loaded: {unit.state} ({unit.path}; {units.is_enabled(unit)})",
            f"     Active: {state} ({_substate(unit, state)})",
        ]
        code = code if state == "active" else _INACTIVE
    return said, code


def _cat(_: Units, given: argparse.Namespace) -> Said:
    said: list[str] = []
    for name in map(full_name, given.units):
        unit = unitfiles.load(name)
        if not unit.path:
            raise Failed(f"No files found for {name}.")
        for path in (unit.path, *unit.dropins):
            said += [f"# {path}", place(path).read_text()]
    return said, 0


def _matching(given: argparse.Namespace) -> list[Unit]:
    kinds = given.type.split(",") if given.type else ["service", "timer", "socket", "path", "target"]
    names = [name for kind in kinds for name in unitfiles.names(kind)]
    wanted = [name if "*" in name else full_name(name) for name in given.units]
    return [
        unitfiles.load(name)
        for name in names
        if not wanted or any(fnmatch.fnmatch(name, pattern) for pattern in wanted)
    ]


def _list_units(units: Units, given: argparse.Namespace) -> Said:
    rows = []
    for unit in _matching(given):
        state = units.state(unit)["active"]
        described = unit.last("Unit", "Description", unit.name)
        rows.append(f"{unit.name} {unit.state} {state} {_substate(unit, state)} {described}")
    kept = [row for row in rows if not given.state or {*given.state.split(",")} & {*row.split()[1:4]}]
    head = [] if given.no_legend else ["UNIT LOAD ACTIVE SUB DESCRIPTION"]
    return [*head, *kept], 0


def _list_files(units: Units, given: argparse.Namespace) -> Said:
    found = [(unit.name, units.is_enabled(unit)) for unit in _matching(given)]
    rows = [f"{name} {state} enabled" for name, state in found if not given.state or state in given.state.split(",")]
    head = [] if given.no_legend else ["UNIT FILE STATE PRESET"]
    return [*head, *rows, *([] if given.no_legend else ["", f"{len(rows)} unit files listed."])], 0 if rows else 1


_VERBS: Mapping[str, Callable[[Units, argparse.Namespace], Said]] = {
    "cat": _cat,
    "daemon-reexec": _read_again,
    "daemon-reload": _read_again,
    "disable": _disable,
    "enable": _enable,
    "is-active": lambda units, given: _states(units, given, "active"),
    "is-enabled": _is_enabled,
    "is-failed": lambda units, given: _states(units, given, "failed"),
    "is-system-running": lambda _, __: (["running"], 0),
    "list-unit-files": _list_files,
    "list-units": _list_units,
    "mask": _each(Units.mask),
    "reload": _each(Units.reload),
    "reload-or-restart": _each(_reload_or_restart),
    "reset-failed": _each(Units.reset_failed),
    "restart": _each(_restart),
    "show": _show,
    "start": _each(Units.start),
    "status": _status,
    "stop": _each(Units.stop),
    "try-restart": _each(_try_restart),
    "unmask": _each(Units.unmask),
}
