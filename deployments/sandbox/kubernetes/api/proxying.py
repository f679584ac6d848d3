"""Proxy HTTP requests to a service or a pod. The container's response is simulated, and says so.

The rest is real: the service, its port, its target port, and a ready pod behind it that declares the port.
https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.api import reading
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.answers import json_answer
from deployments.sandbox.kubernetes.controllers import exposition, images, templates
from deployments.sandbox.kubernetes.objects import at, name_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Store, key


def answer(store: Store, address: Address) -> web.Response:
    """Return the response to a GET through the proxy.

    The path `metrics` returns Prometheus metrics. Every other path returns the image's simulated response.

    Raises:
        ApiError: 503 if no ready pod listens there, 501 for TLS.
    """
    pod = _reached(store, address)
    if address.rest == "metrics":
        body = exposition.metrics_of(pod, time.time())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
    return json_answer(images.answer_of(pod, f"/{address.rest}"))


def _reached(store: Store, address: Address) -> Object:
    """Return the ready pod that listens at an address."""
    scheme, name, port = _parts(address.name)
    if scheme == "https":
        raise status.not_emulated("TLS through the proxy")
    target = Address(address.resource, address.namespace, name)
    if address.resource.kind == "Pod":
        pod = reading.get(store, target)
        if not templates.is_ready(pod):
            raise _unavailable(f"pod {name} is not ready")
        _require_listening(pod, int(port or 80))
        return pod
    pod, number = _behind(store, reading.get(store, target), port)
    _require_listening(pod, number)
    return pod


def _parts(name: str) -> tuple[str, str, str]:
    """Split `[scheme:]name[:port]` into its three parts; a missing part is empty."""
    parts = name.split(":")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return "", parts[0], parts[1] if len(parts) == 2 else ""


def _behind(store: Store, service: Object, port: str) -> tuple[Object, int]:
    """Return a ready pod behind a service, and its target port."""
    endpoints = store.get(key(built_in("Endpoints"), namespace_of(service), name_of(service))) or {}
    for pod_name, number in _ready(service, endpoints, port):
        pod = store.get(key(built_in("Pod"), namespace_of(service), pod_name))
        if pod is not None and templates.is_ready(pod):
            return pod, number
    raise _unavailable(f'no endpoints available for service "{name_of(service)}"')


def _ready(service: Object, endpoints: Object, port: str) -> Iterator[tuple[str, int]]:
    ports = service["spec"].get("ports") or []
    chosen = next((p for p in ports if port in ("", p.get("name"), str(p["port"]))), None)
    if chosen is None:
        raise _unavailable(f'no service port "{port}" found for service "{name_of(service)}"')
    for subset in endpoints.get("subsets") or ():
        number = next((p["port"] for p in subset["ports"] if p.get("name", "") == chosen.get("name", "")), 0)
        for address in subset.get("addresses") or ():
            yield at(address, "targetRef.name", ""), number


def _require_listening(pod: Object, port: int) -> None:
    declared = {p["containerPort"] for container in pod["spec"]["containers"] for p in container.get("ports") or ()}
    if port not in declared:
        where = f"{at(pod, 'status.podIP', '')}:{port}"
        raise _unavailable(f"error trying to reach service: dial tcp {where}: connect: connection refused")


def _unavailable(why: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", why)
