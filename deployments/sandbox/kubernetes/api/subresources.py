"""Subresources of an object: its scale, its log, and tokens of service accounts."""

from __future__ import annotations

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.tokens import Tokens
from deployments.sandbox.kubernetes.api import reading
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.reading import Query
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.controllers import images
from deployments.sandbox.kubernetes.objects import at, put, timestamp
from deployments.sandbox.kubernetes.resources import Object, Scale
from deployments.sandbox.kubernetes.selectors import selector_text
from deployments.sandbox.kubernetes.storage import Store
from deployments.sandbox.kubernetes.writes import Writes

_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(item: Object, paths: Scale) -> Object:
    """Return the Scale object of an object."""
    selector = at(item, paths.selector, {}) if paths.selector else {}
    text = selector if isinstance(selector, str) else selector_text(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: item["metadata"][name] for name in _KEPT if name in item["metadata"]},
        "spec": {"replicas": at(item, paths.replicas, 0)},
        "status": {"replicas": at(item, paths.status, 0)} | ({"selector": text} if text else {}),
    }


def set_scale(writes: Writes, address: Address, paths: Scale, wanted: Object, by: Asking) -> Object:
    """Set the number of replicas through the scale subresource, and return the new Scale.

    Raises:
        ApiError: 422 if the number is negative or not an integer, 409 on a conflict.
    """
    replicas = at(wanted, "spec.replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        causes = [status.wrong("spec.replicas", replicas, "must be greater than or equal to 0")]
        raise status.invalid(address.resource, address.name, causes)

    def scaled(current: Object) -> Object:
        revision = at(wanted, "metadata.resourceVersion")
        if revision:
            current["metadata"]["resourceVersion"] = revision
        put(current, paths.replicas, replicas)
        return current

    resource = address.resource
    return scale_of(writes.update(resource, address.namespace, address.name, scaled, by, "scale"), paths)


def log(store: Store, address: Address, query: Query) -> web.Response:
    """Return the simulated log of a container (see `controllers/images.py`).

    Args:
        store: The cluster's store.
        address: The pod.
        query: `container`, `previous` and `tailLines`, as for `kubectl logs`.

    Raises:
        ApiError: 400 if the container is unknown or has not started, or has no previous run.
    """
    pod = reading.get(store, address)
    containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
    name = query.get("container") or pod["spec"]["containers"][0]["name"]
    found = next((container for container in containers if container["name"] == name), None)
    if found is None:
        raise status.bad_request(f"container {name} is not valid for pod {address.name}")
    state = next((s for s in _states(pod) if s["name"] == name), None)
    previous = query.get("previous") in ("1", "true")
    begun = state is not None and ("waiting" not in state["state"] or state["restartCount"] or state["lastState"])
    if state is None or not begun:
        reason = at(state or {}, "state.waiting.reason", "ContainerCreating")
        message = f'container "{name}" in pod "{address.name}" is waiting to start: {reason}'
        raise status.bad_request(message)
    if previous and not state["lastState"]:
        message = f'previous terminated container "{name}" in pod "{address.name}" not found'
        raise status.bad_request(message)
    lines = images.log_of(pod, found, previous).splitlines(keepends=True)
    tail = query.get("tailLines")
    return web.Response(text="".join(lines[-int(tail) :] if tail and int(tail) else lines), content_type="text/plain")


def _states(pod: Object) -> list[Object]:
    return [*at(pod, "status.containerStatuses", []), *at(pod, "status.initContainerStatuses", [])]


def token(store: Store, tokens: Tokens, address: Address, body: Object) -> Object:
    """Issue a token for a service account, as for `kubectl create token`.

    The token is valid for at least 600 seconds, and by default for 3600.
    """
    account = reading.get(store, address)
    seconds = max(int(at(body, "spec.expirationSeconds", 3600)), 600)
    issued, end = tokens.issue(account, seconds)
    answer = {"token": issued, "expirationTimestamp": timestamp(end)}
    spec = {"audiences": [], "expirationSeconds": seconds, "boundObjectRef": None}
    named = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": None},
    }
    return named | {"spec": spec, "status": answer}
