"""The common parts of all types of the EC2 API: tags by id, and `Invalid...NotFound` for missing objects."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place, Unsuccessful
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values


class Ec2(Resource):
    """A type whose objects have an EC2 id and EC2 tags."""

    service = "ec2"

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            place.client("ec2").delete_tags(Resources=[state["id"]], Tags=[{"Key": key} for key in removed])
        if added:
            place.client("ec2").create_tags(Resources=[state["id"]], Tags=as_pairs(added))

    def tags_of(self, place: Place, identity: str) -> dict[str, str]:
        """Return the tags of an object, for types whose description in moto does not show changes of tags."""
        of_it = [{"Name": "resource-id", "Values": [identity]}]
        return from_pairs(place.client("ec2").describe_tags(Filters=of_it)["Tags"])


def tag_specification(kind: str, tags: Tags) -> list[dict[str, Any]]:
    """Return tags for a call that creates something; an empty list if there are none."""
    return [{"ResourceType": kind, "Tags": as_pairs(tags)}] if tags else []


def only(answers: list[Any]) -> Any:
    """Return the only element of a list that was requested by id, or None if the list is empty."""
    return answers[0] if answers else None


def given(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that have a value, because AWS expects unset arguments to be absent, not null."""
    return {name: value for name, value in arguments.items() if value not in (None, "", [], {})}


def wait_until(reached: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait until a condition holds.

    Args:
        reached: tells whether it holds; called repeatedly, with growing pauses of at most a second.
        what: the condition, for the error message.
        seconds: how long to wait.

    Raises:
        Unsuccessful: the time is over.
    """
    deadline = time.monotonic() + seconds
    pause = 0.05
    while not reached():
        if time.monotonic() > deadline:
            raise Unsuccessful(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(pause)
        pause = min(pause * 2, 1.0)
