"""What the API says when it says no: errors that become Status objects, worded as Kubernetes words them.

Wording and reasons are those of k8s.io/apimachinery's `api/errors`, because people search for them and clients
decide by `reason`. The errors stay inside the sandbox: they are answers, not failures of the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.kubernetes.resources import Object, Resource


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong, and the field that it is wrong in."""

    reason: str
    message: str
    field: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


@dataclass
class ApiError(Exception):
    """An answer that is not a success. `code` is the HTTP status."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def status(self) -> Object:
        """The Status object that clients get."""
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
    """There is no object of that name."""
    return ApiError(404, "NotFound", f'{resource.name} "{name}" not found', _details(resource, name))


def no_such_address(path: str) -> ApiError:
    """The address belongs to nothing that is emulated."""
    message = f"the server could not find the requested resource ({path} is not emulated by the sandbox cluster)"
    return ApiError(404, "NotFound", message)


def not_emulated(what: str) -> ApiError:
    """A real cluster would do this; this one does not."""
    return ApiError(501, "NotImplemented", f"{what}: not emulated by the sandbox cluster")


def already_exists(resource: Resource, name: str) -> ApiError:
    """The name is taken."""
    return ApiError(409, "AlreadyExists", f'{resource.name} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    """The object is not what the request takes it for."""
    changed = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.name} "{name}": {why or changed}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """Somebody may not do this, or an admission rule is against it."""
    subject = f'{resource.name} "{name}"' if name else resource.name
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name))


def bad_request(message: str) -> ApiError:
    """The request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """The token is not known."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed(what: str) -> ApiError:
    """The resource has no such verb."""
    message = f"the server does not allow this method on the requested resource ({what})"
    return ApiError(405, "MethodNotAllowed", message)


def unsupported_media_type(given: str, known: Sequence[str]) -> ApiError:
    """The body is in a format that is not read here."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(known)}"
    return ApiError(415, "UnsupportedMediaType", f"{message} (given: {given})")


def too_large(limit: int) -> ApiError:
    """The body of the request is too long."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def expired(revision: str) -> ApiError:
    """The history does not reach back that far."""
    return ApiError(410, "Expired", f"too old resource version: {revision}")


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    """The object breaks rules; every one that it breaks is told."""
    told = str(causes[0]) if len(causes) == 1 else "[" + ", ".join(str(cause) for cause in causes) + "]"
    qualified = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    listed = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    details = _details(resource, name, causes=listed) | {"kind": resource.kind}
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {told}', details)


def required(where: str, why: str = "") -> Cause:
    """A field is missing."""
    return Cause("FieldValueRequired", f"Required value{': ' + why if why else ''}", where)


def wrong(where: str, value: Any, why: str) -> Cause:
    """A field has a value that it may not have."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", where)


def unsupported(where: str, value: Any, allowed: Sequence[str]) -> Cause:
    """A field has none of the values that it may have."""
    choices = ", ".join(f'"{name}"' for name in sorted(allowed))
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {choices}', where)


def duplicate(where: str, value: Any) -> Cause:
    """Two items of a list have the same key."""
    return Cause("FieldValueDuplicate", f'Duplicate value: "{value}"', where)
