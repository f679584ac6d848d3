"""Turns errors of resource handlers into events of the stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.clients import Unanswered, via_cloudformation
from deployments.sandbox.aws_server.cloudformation.kinds import EmbeddedFailed
from deployments.sandbox.aws_server.cloudformation.stacks import Stack


class Failed(Exception):
    """A resource could not be made, changed or removed. The message is its status reason."""


def acted(stack: Stack, name: str, type_: str, status: str, act: Callable[[], Any]) -> Any:
    """Call a resource handler and return its result.

    Args:
        stack: the stack, which gets an event if the handler fails.
        name: the logical id of the resource.
        type_: its type.
        status: the status of the event.
        act: calls the handler.

    Raises:
        Failed: the handler failed.
    """
    try:
        with via_cloudformation():
            return act()
    except (ClientError, BotoCoreError, Unanswered) as error:
        raise fail(stack, name, type_, status, f'Resource handler returned message: "{error}"') from error
    except EmbeddedFailed as error:
        raise fail(stack, name, type_, status, str(error), error.id) from error
    except ValidationError as error:
        raise fail(stack, name, type_, status, str(error.message)) from error
    except KeyError as error:
        raise fail(stack, name, type_, status, f"Properties validation failed: required key [{error}]") from error


def attempted(stack: Stack, name: str, read: Callable[[], Any]) -> Any:
    """Compute the properties of a resource.

    Raises:
        Failed: they cannot be computed.
    """
    try:
        return read()
    except ValidationError as error:
        raise fail(stack, name, "", "CREATE_FAILED", str(error.message)) from error


def fail(stack: Stack, name: str, type_: str, status: str, reason: str, physical_id: str = "") -> Failed:
    """Add an event for a failed resource, and return the error that ends the change."""
    there = stack.resources.get(name)
    stack.tell(name, physical_id or (there.made.id if there else ""), type_, status, reason)
    verb = "create" if status == "CREATE_FAILED" else "update"
    return Failed(f"The following resource(s) failed to {verb}: [{name}].")
