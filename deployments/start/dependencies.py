"""Finds the order of units, from the remote states that their code reads and from the repository's lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deployments.start import states
from deployments.start.grouping import Group
from deployments.start.instances import Instance
from tasks.engines.terraform import code

_REMOTE = "terraform_remote_state"


def needs(root: Path, units: Mapping[str, Group], placed: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Return the dependencies between units as {unit: {unit it needs: why}}.

    Only units that exist in all of its environments count, and a dependency that would close a cycle is left out.

    Args:
        root: the folder that sources are relative to.
        units: the units, by name.
        placed: the environments of each unit.
    """
    found: dict[str, dict[str, str]] = {}
    for name, group in units.items():
        wanted = {**_by_states(root, group, units), **_by_lists(group, units)}
        found[name] = {
            other: why for other, why in wanted.items() if other != name and {*placed[name]} <= {*placed[other]}
        }
    for name, wanted in found.items():
        for other in [*wanted]:
            if name in _reachable(other, found):
                del wanted[other]
    return found


def _reachable(name: str, found: Mapping[str, Mapping[str, str]]) -> set[str]:
    done, waiting = set[str](), [name]
    while waiting:
        here = waiting.pop()
        if here not in done:
            done.add(here)
            waiting += found.get(here, {})
    return done


def _by_states(root: Path, group: Group, units: Mapping[str, Group]) -> dict[str, str]:
    first = group.instances[0]
    found = dict[str, str]()
    for block in code.readable_blocks(root / first.folder, "data"):
        if block.labels[:1] != (_REMOTE,):
            continue
        config = _config(block.body.get("config"))
        named = [name for name, other in units.items() if _is_read(config, other, first)]
        if len(named) == 1:
            found[named[0]] = f"it reads the state of {named[0]}"
    return found


def _config(written: object) -> Mapping[str, object]:
    found = written[0] if isinstance(written, list) and written else written
    return found if isinstance(found, Mapping) else {}


def _is_read(config: Mapping[str, object], other: Group, reader: Instance) -> bool:
    mine = [each for each in other.instances if each.environment == reader.environment] or other.instances[:1]
    return any(states.is_read(config, each.state.settings) for each in mine)


def _by_lists(group: Group, units: Mapping[str, Group]) -> dict[str, str]:
    calls = {each.name: name for name, other in units.items() for each in other.instances if each.name}
    found = {calls[after]: "as its list has it" for each in group.instances for after in each.after if after in calls}
    return found | dict.fromkeys(_groups_before(group, units), "its group in the list comes before")


def _groups_before(group: Group, units: Mapping[str, Group]) -> Iterator[str]:
    """Return the units with the nearest lower number in an execution order."""
    mine = _number(group.instances)
    before = {name: _number(other.instances) for name, other in units.items()}
    lower = max((number for number in before.values() if number < mine), default=None)
    return (name for name, number in before.items() if number == lower)


def _number(instances: Sequence[Instance]) -> int:
    return max((each.group for each in instances), default=0)


def comments(wanted: Mapping[str, str]) -> str:
    """Return the reasons, joined for a comment."""
    return "; ".join(dict.fromkeys(wanted.values()))
