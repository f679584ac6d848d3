"""Authenticate and authorize requests."""

from __future__ import annotations

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.rbac import Attributes
from deployments.sandbox.kubernetes.access.tokens import ANONYMOUS
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.asking import User
from deployments.sandbox.kubernetes.cluster import Cluster
from deployments.sandbox.kubernetes.status import ApiError


def user_of(cluster: Cluster, request: web.Request) -> User:
    """Return the user of a request's token; anonymous without an Authorization header.

    Raises:
        ApiError: 401 if the token is unknown.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return ANONYMOUS
    user = cluster.tokens.user(token.strip()) if kind.lower() == "bearer" else None
    if user is None:
        raise status.unauthorized()
    return user


def require_allowed(cluster: Cluster, user: User, asked: Attributes, address: Address | None = None) -> None:
    """Check that a role allows the request, and record the right as used.

    Args:
        cluster: The cluster.
        user: The user who sends the request.
        asked: What the user wants to do.
        address: The target, for the error message; `None` for a path that is not a resource.

    Raises:
        ApiError: 403 if no role allows it.
    """
    cluster.used.note(user.name, asked)
    if cluster.rbac.allows(user, asked):
        return
    why = f'User "{user.name}" {asked}'
    if address is None:
        raise ApiError(403, "Forbidden", f"forbidden: {why}")
    raise status.forbidden(address.resource, address.name, why)
