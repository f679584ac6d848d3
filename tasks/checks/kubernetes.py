"""Runs the checks of workloads in a cluster: `rollout`, `endpoints` and `service-http`, with read-only access.

Failed: an object is missing or not ready, a service has no ready endpoints, or it responds with something else.
Unanswered: the API server does not respond, or denies the request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from tasks.checks.answers import Answer, Surroundings, failed, judged, passed, shortened, unanswered
from tasks.checks.options import Endpoints, Rollout, ServiceHttp
from tasks.cluster import kubeconfig, rollouts
from tasks.cluster.access import Cluster
from tasks.cluster.errors import Answered
from tasks.cluster.objects import Reference
from tasks.cluster.readiness import readiness
from tasks.domain.errors import FlowmartError

_KINDS = {
    "deployment": ("apps/v1", "Deployment"),
    "statefulset": ("apps/v1", "StatefulSet"),
    "daemonset": ("apps/v1", "DaemonSet"),
    "job": ("batch/v1", "Job"),
}
_REASONS = 900
"""Maximum characters of the reasons why a rollout is not ready. Events and the end of a log must fit."""

_O = TypeVar("_O")


def _in_cluster(ask: Callable[[_O, Cluster], Answer]) -> Callable[[_O, Surroundings], Answer]:
    """Run a check in the cluster that its variables name. An error on the way makes it unanswered."""

    @wraps(ask)
    def asked(options: _O, around: Surroundings) -> Answer:
        try:
            return ask(options, kubeconfig.opened(around.variables))
        except FlowmartError as error:
            return unanswered(shortened(str(error)))

    return asked


def rollout_expected(options: Rollout) -> str:
    """Return what the check expects, as a phrase for people."""
    return f"{options.workload} in {options.namespace} is rolled out"


@_in_cluster
def rollout(options: Rollout, cluster: Cluster) -> Answer:
    """Read once whether the workload is ready; if it is not, collect the reasons from its pods."""
    kind, _, name = options.workload.partition("/")
    about = Reference(*_KINDS[kind], options.namespace, name)
    live = cluster.read(about)
    if live is None:
        return failed("it does not exist")
    if readiness(live).ready:
        return passed("it is")
    return failed(shortened(rollouts.reasons(cluster, about, live), _REASONS))


def endpoints_expected(options: Endpoints) -> str:
    """Return what the check expects, as a phrase for people."""
    return f"at least {options.at_least} ready endpoints of service {options.service} in {options.namespace}"


@_in_cluster
def endpoints(options: Endpoints, cluster: Cluster) -> Answer:
    """Count the ready endpoints in the service's slices."""
    if cluster.read(Reference("v1", "Service", options.namespace, options.service)) is None:
        return failed("there is no such service")
    chosen = f"kubernetes.io/service-name={options.service}"
    slices = cluster.listed("discovery.k8s.io/v1", "EndpointSlice", options.namespace, label_selector=chosen)
    found = [each for slice_ in slices for each in slice_.get("endpoints") or ()]
    # The API reference (EndpointConditions) says to treat a missing condition as ready.
    ready = [each for each in found if (each.get("conditions") or {}).get("ready") is not False]
    return judged(len(ready) >= int(options.at_least), f"{len(ready)} of {len(found)} ready")


def service_http_expected(options: ServiceHttp) -> str:
    """Return what the check expects, as a phrase for people."""
    status = f"{options.service}:{options.port}{options.path} in {options.namespace} answers {options.status}"
    return status if options.contains is None else f'{status} with "{options.contains}"'


@_in_cluster
def service_http(options: ServiceHttp, cluster: Cluster) -> Answer:
    """Send one GET through the API server's service proxy."""
    answered = cluster.through(
        options.namespace, options.service, options.port, options.path, seconds=options.timeout
    )
    if answered.status in (401, 403) and answered.status_object:
        return unanswered(shortened(f"the API server denied the request: {answered.status_object.get('message')}"))
    return judged(_is_right(options, answered), _found(answered))


def _is_right(options: ServiceHttp, answered: Answered) -> bool:
    return answered.status == options.status and (options.contains is None or options.contains in answered.body)


def _found(answered: Answered) -> str:
    """Return the status and body, or the API server's own message if the request did not reach a pod."""
    said = shortened(str(answered.status_object.get("message") or answered.body), 100)
    return f"status {answered.status}{f': {said}' if said else ''}"
