"""Find exports that a change would remove or change although another stack imports them.

CloudFormation notices only during the update, and rolls it back then.

Source: the user guide, "Get exported outputs from a deployed CloudFormation stack".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tasks.domain.errors import Refused
from tasks.domain.plan import Action, Change
from tasks.domain.values import UNKNOWN
from tasks.engines.cloudformation.stacks import Described, Stacks

_FIRST = "promote them without the import first"
_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)")


def refuse_removal(stacks: Stacks, stack: Described, staying: Collection[str]) -> None:
    """Check that no other stack imports an export that would be removed.

    Args:
        stacks: access to the environment's stacks.
        stack: the stack as described.
        staying: the names of its exports after the change; UNKNOWN is among them if one is not known.

    Raises:
        Refused: another stack imports one.
    """
    before = {output["ExportName"] for output in stack.get("Outputs", ()) if output.get("ExportName")}
    for export in sorted(before - {*staying}) if UNKNOWN not in staying else ():
        if users := stacks.importers(export):
            told = f"its export {export} would go, and is imported by {', '.join(users)}"
            raise Refused(f"stack {stack['StackName']}: {told}; {_FIRST}")


def uncertain(
    stacks: Stacks, stack: Described, document: Mapping[str, Any], changes: Iterable[Change], doubtful: Iterable[str]
) -> tuple[str, ...]:
    """Describe the exports whose values may change although another stack imports them.

    Args:
        stacks: access to the environment's stacks.
        stack: the stack as described.
        document: the template after the change.
        changes: the changes of resources.
        doubtful: addresses of resources that may be replaced.

    Raises:
        Refused: a value certainly changes, because it is the id of a resource that is replaced.
    """
    replaced = {change.address for change in changes if change.action is Action.REPLACE}
    found: list[str] = []
    for export, value in _exported(stack, document):
        named = {*_named(value)} & {*replaced, *doubtful}
        users = ", ".join(stacks.importers(export)) if named else ""
        if users and isinstance(value, Mapping) and value.get("Ref") in replaced:
            told = f"its export {export} would change with {value['Ref']}, and is imported by {users}"
            raise Refused(f"stack {stack['StackName']}: {told}; {_FIRST}")
        if users:
            names = ", ".join(sorted(named))
            found.append(
                f"export {export} may change with {names}: CloudFormation rejects that, for {users} import it"
            )
    return tuple(found)


def _exported(stack: Described, document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the present exports that stay, each with its new value as declared."""
    declared = document.get("Outputs") or {}
    for output in stack.get("Outputs", ()):
        body = declared.get(output["OutputKey"])
        if output.get("ExportName") and isinstance(body, Mapping):
            yield output["ExportName"], body.get("Value")


def _named(value: Any) -> Iterator[str]:
    """Yield the names of the resources that a value may refer to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt":
                yield str(item[0] if isinstance(item, list) and item else item).partition(".")[0]
            else:
                yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, str):
        yield from _IN_TEXT.findall(value)
