"""Errors of the API. They become Status objects, worded as Kubernetes words them.

Wording and reasons are those of k8s.io/apimachinery's `api/errors`: people search for the messages, and clients
decide by `reason`. The errors stay inside the sandbox: they are HTTP responses, not failures of the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.kubernetes.resources import Object, Resource


@dataclass(frozen=True)
class Cause:
    """One problem and the field that has it."""

    reason: str
    message: str
    field: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


@dataclass
class ApiError(Exception):
    """A response that is not a success. `code` is the HTTP status."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def status(self) -> Object:
        """Return the Status object that the client receives."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
            **({"details": self.details} if self.details else {}),
            "code": self.code,
        }


def _details(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **({"group": resource.group} if resource.group else {}), "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> ApiError:
    """Return 404: no object has this name."""
    return ApiError(404, "NotFound", f'{resource.name} "{name}" not found', _details(resource, name))


def no_such_address(path: str) -> ApiError:
    """Return 404: the path does not belong to anything that is emulated."""
    message = f"the server could not find the requested resource ({path} is not emulated by the sandbox cluster)"
    return ApiError(404, "NotFound", message)


def not_emulated(what: str) -> ApiError:
    """Return 501: a real cluster would do this, but the sandbox does not emulate it."""
    return ApiError(501, "NotImplemented", f"{what}: not emulated by the sandbox cluster")


def already_exists(resource: Resource, name: str) -> ApiError:
    """Return 409: an object with this name exists."""
    return ApiError(409, "AlreadyExists", f'{resource.name} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    """Return 409: the object is not in the state that the request assumes."""
    changed = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.name} "{name}": {why or changed}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """Return 403: the user lacks permission, or an admission rule rejects the request."""
    subject = f'{resource.name} "{name}"' if name else resource.name
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name))


def bad_request(message: str) -> ApiError:
    """Return 400: the server does not understand the request."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """Return 401: the token is unknown."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed(what: str) -> ApiError:
    """Return 405: the resource does not support the verb."""
    message = f"the server does not allow this method on the requested resource ({what})"
    return ApiError(405, "MethodNotAllowed", message)


def unsupported_media_type(given: str, known: Sequence[str]) -> ApiError:
    """Return 415: the server does not read this format of the body."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(known)}"
    return ApiError(415, "UnsupportedMediaType", f"{message} (given: {given})")


def too_large(limit: int) -> ApiError:
    """Return 413: the request's body exceeds the limit, in bytes."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def expired(revision: str) -> ApiError:
    """Return 410: the history no longer contains this revision."""
    return ApiError(410, "Expired", f"too old resource version: {revision}")


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    """Return 422: the object is invalid. The message lists every cause."""
    told = str(causes[0]) if len(causes) == 1 else "[" + ", ".join(str(cause) for cause in causes) + "]"
    qualified = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    listed = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    details = _details(resource, name, causes=listed) | {"kind": resource.kind}
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {told}', details)


def required(where: str, why: str = "") -> Cause:
    """Return the cause for a missing field."""
    return Cause("FieldValueRequired", f"Required value{': ' + why if why else ''}", where)


def wrong(where: str, value: Any, why: str) -> Cause:
    """Return the cause for a field whose value is not allowed."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", where)


def unsupported(where: str, value: Any, allowed: Sequence[str]) -> Cause:
    """Return the cause for a field whose value is not one of the supported values."""
    choices = ", ".join(f'"{name}"' for name in sorted(allowed))
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {choices}', where)


def duplicate(where: str, value: Any) -> Cause:
    """Return the cause for two list items with the same key."""
    return Cause("FieldValueDuplicate", f'Duplicate value: "{value}"', where)
