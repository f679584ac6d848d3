"""The pods of a cluster as targets for Prometheus, at /targets/<cluster>. No API of Kubernetes: see below.

Prometheus finds pods by the Kubernetes API in life, but Debian's cannot. So they are listed in the form that it can
read, with the labels that its configuration would usually give them. It scrapes them through the API's own proxy.
https://prometheus.io/docs/prometheus/latest/http_sd/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployments.sandbox.kubernetes.controllers import templates
from deployments.sandbox.kubernetes.objects import labels_of, name_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object

PORT = "http"
"""The name of the port that is scraped."""


def targets(cluster: str, pods: Iterable[Object], host: str, base: str) -> list[Object]:
    """Every ready pod's port `http`, reached at `host` by the API below the path `base`."""
    ready = (pod for pod in pods if templates.is_ready(pod))
    return [_target(cluster, pod, number, host, base) for pod in ready for number in _ports(pod)]


def _ports(pod: Object) -> Iterator[int]:
    for container in pod["spec"]["containers"]:
        yield from (port["containerPort"] for port in container.get("ports") or () if port.get("name") == PORT)


def _target(cluster: str, pod: Object, port: int, host: str, base: str) -> Object:
    space, name = namespace_of(pod), name_of(pod)
    return {
        "targets": [host],
        "labels": {
            "__metrics_path__": f"{base}/api/v1/namespaces/{space}/pods/{name}:{port}/proxy/metrics",
            "cluster": cluster,
            "namespace": space,
            "pod": name,
            "service": labels_of(pod).get("app.kubernetes.io/name", ""),
        },
    }
