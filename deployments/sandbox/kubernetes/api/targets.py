"""List the pods of a cluster as targets for Prometheus, at /targets/<cluster>. Kubernetes has no such API.

In production, Prometheus discovers pods through the Kubernetes API, but Debian's build cannot. So this module lists
them in the HTTP discovery format, with the labels that Prometheus' configuration usually adds. Prometheus scrapes
them through the API's own proxy. https://prometheus.io/docs/prometheus/latest/http_sd/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployments.sandbox.kubernetes.controllers import templates
from deployments.sandbox.kubernetes.objects import labels_of, name_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object

PORT = "http"
"""The name of the container port that Prometheus scrapes."""


def targets(cluster: str, pods: Iterable[Object], host: str, base: str) -> list[Object]:
    """Return one target for each port `http` of each ready pod.

    Args:
        cluster: The cluster's name, which becomes a label.
        pods: The cluster's pods.
        host: Host and port of the API.
        base: The API's path on that host.
    """
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
