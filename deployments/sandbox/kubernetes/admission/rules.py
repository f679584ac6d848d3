"""Rules that types cannot express: fields of one object that must be consistent.

They come from the `validation.go` of each API group in k8s.io/kubernetes. Only the ones that people run into are
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.admission import custom_rules, data_rules, network_rules, schedule_rules
from deployments.sandbox.kubernetes.admission.names import label_rules, metadata_rules
from deployments.sandbox.kubernetes.admission.pod_rules import pod_rules
from deployments.sandbox.kubernetes.admission.structure import missing
from deployments.sandbox.kubernetes.objects import at, labels_of
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.schema.types import type_of
from deployments.sandbox.kubernetes.selectors import label_selector
from deployments.sandbox.kubernetes.status import Cause

_TEMPLATE = "spec.template"
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_LONGEST_CRON_JOB = 52


def require_valid(item: Object, resource: Resource) -> None:
    """Check that an object is valid.

    Raises:
        ApiError: 422, with everything that is wrong.
    """
    schema = custom_rules.violations(item, type_of(resource)) if resource.custom else missing(item, resource)
    causes = [*metadata_rules(item, resource), *schema]
    if not causes and not resource.custom and resource.kind in _RULES:
        causes = list(_RULES[resource.kind](item))
    if resource.kind in ("Deployment", "DaemonSet", "StatefulSet") and any(
        c.field == "spec.selector" for c in causes
    ):
        causes.append(_unselected(item))
    if causes:
        raise status.invalid(resource, str(item["metadata"].get("name", "")), causes)


def _unselected(item: Object) -> Cause:
    """Return the cause that the API adds for a missing selector, which matches no labels."""
    labels = at(item, f"{_TEMPLATE}.metadata.labels", {})
    return status.wrong(f"{_TEMPLATE}.metadata.labels", str(labels), "`selector` does not match template `labels`")


def _pod(item: Object) -> Iterator[Cause]:
    yield from pod_rules(item["spec"], "spec")


def _template(item: Object, where: str = _TEMPLATE) -> Iterator[Cause]:
    template = at(item, where, {})
    claims = [claim["metadata"].get("name", "") for claim in at(item, "spec.volumeClaimTemplates", [])]
    for name, value in labels_of({"metadata": template.get("metadata") or {}}).items():
        yield from label_rules(name, value, f"{where}.metadata.labels")
    yield from pod_rules(template.get("spec") or {}, f"{where}.spec", claims)


def _workload(item: Object) -> Iterator[Cause]:
    yield from _template(item)
    selector = item["spec"].get("selector") or {}
    labels = at(item, f"{_TEMPLATE}.metadata.labels", {})
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield status.wrong("spec.selector", "{}", "empty selector is invalid for deployment")
    elif not label_selector(selector)(labels):
        shown = str(labels)
        yield status.wrong(f"{_TEMPLATE}.metadata.labels", shown, "`selector` does not match template `labels`")
    if at(item, f"{_TEMPLATE}.spec.restartPolicy") != "Always":
        restart = at(item, f"{_TEMPLATE}.spec.restartPolicy", "")
        yield status.unsupported(f"{_TEMPLATE}.spec.restartPolicy", restart, ("Always",))
    yield from _not_negative(item, "spec.replicas")


def _deployment(item: Object) -> Iterator[Cause]:
    yield from _workload(item)
    strategy = item["spec"]["strategy"]
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        yield status.unsupported("spec.strategy.type", strategy["type"], ("Recreate", "RollingUpdate"))
    if strategy["type"] == "Recreate" and strategy.get("rollingUpdate"):
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield Cause("FieldValueForbidden", f"Forbidden: {why}", "spec.strategy.rollingUpdate")
    rolling = strategy.get("rollingUpdate") or {}
    for name in ("maxUnavailable", "maxSurge"):
        yield from _share(rolling.get(name), f"spec.strategy.rollingUpdate.{name}")
    if str(rolling.get("maxUnavailable")) in ("0", "0%") and str(rolling.get("maxSurge")) in ("0", "0%"):
        where = "spec.strategy.rollingUpdate.maxUnavailable"
        yield status.wrong(where, rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")


def _job(item: Object) -> Iterator[Cause]:
    yield from _template(item)
    restart = at(item, f"{_TEMPLATE}.spec.restartPolicy", "")
    if restart not in ("Never", "OnFailure"):
        # The messages are those of pkg/apis/batch/validation.
        yield status.unsupported(f"{_TEMPLATE}.spec.restartPolicy", restart, ("Never", "OnFailure"))
    yield from _not_negative(item, "spec.backoffLimit")


def _cron_job(item: Object) -> Iterator[Cause]:
    yield from _template(item, "spec.jobTemplate.spec.template")
    spec, name = item["spec"], item["metadata"]["name"]
    for told in schedule_rules.mistakes(str(spec["schedule"])):
        yield status.wrong("spec.schedule", spec["schedule"], told)
    if spec.get("timeZone") is not None and not schedule_rules.is_time_zone(str(spec["timeZone"])):
        yield status.wrong("spec.timeZone", spec["timeZone"], f"unknown time zone {spec['timeZone']}")
    if spec["concurrencyPolicy"] not in _CONCURRENCY:
        yield status.unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _CONCURRENCY)
    if len(name) > _LONGEST_CRON_JOB:
        yield status.wrong("metadata.name", name, f"must be no more than {_LONGEST_CRON_JOB} characters")


def _share(value: Any, where: str) -> Iterator[Cause]:
    """Check a number or a percentage."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+%", value):
        why = "a valid percent string must be a numeric string followed by an ending '%'"
        yield status.wrong(where, value, f"{why} (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')")
    elif isinstance(value, int) and value < 0:
        yield status.wrong(where, value, "must be greater than or equal to 0")


def _not_negative(item: Object, path: str) -> Iterator[Cause]:
    value = at(item, path, 0)
    if isinstance(value, int) and value < 0:
        yield status.wrong(path, value, "must be greater than or equal to 0")


def _claim(item: Object) -> Iterator[Cause]:
    spec = item["spec"]
    if not spec.get("accessModes"):
        yield status.required("spec.accessModes", "at least 1 access mode is required")
    for mode in spec.get("accessModes") or ():
        if mode not in _MODES:
            yield status.unsupported("spec.accessModes", mode, _MODES)
    if not at(spec, "resources.requests.storage"):
        yield status.required("spec.resources[storage]")


def _autoscaler(item: Object) -> Iterator[Cause]:
    spec = item["spec"]
    if spec["maxReplicas"] < 1:
        yield status.wrong("spec.maxReplicas", spec["maxReplicas"], "must be greater than 0")
    if spec["minReplicas"] < 1:
        yield status.wrong("spec.minReplicas", spec["minReplicas"], "must be greater than or equal to 1")
        if not any(metric.get("type") in ("Object", "External") for metric in spec["metrics"]):
            why = "Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"
            yield Cause("FieldValueForbidden", why, "spec.metrics")
    elif spec["maxReplicas"] < spec["minReplicas"]:
        why = "must be greater than or equal to `minReplicas`"
        yield status.wrong("spec.maxReplicas", spec["maxReplicas"], why)


def _budget(item: Object) -> Iterator[Cause]:
    spec = item.get("spec") or {}
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield status.wrong("spec", "", "minAvailable and maxUnavailable cannot be both set")
    for name in ("minAvailable", "maxUnavailable"):
        yield from _share(spec.get(name), f"spec.{name}")


def _definition(item: Object) -> Iterator[Cause]:
    spec = item["spec"]
    expected = f"{spec['names'].get('plural')}.{spec['group']}"
    if item["metadata"]["name"] != expected:
        name = item["metadata"]["name"]
        yield status.wrong("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    if sum(bool(version.get("storage")) for version in spec["versions"]) != 1:
        yield status.wrong("spec.versions", "", "must have exactly one version marked as storage version")
    for index, version in enumerate(spec["versions"]):
        if not at(version, "schema.openAPIV3Schema"):
            yield status.required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")


def _binding(item: Object) -> Iterator[Cause]:
    kinds = ("ClusterRole", "Role") if item["kind"] == "RoleBinding" else ("ClusterRole",)
    if item["roleRef"]["kind"] not in kinds:
        yield status.unsupported("roleRef.kind", item["roleRef"]["kind"], kinds)
    for index, subject in enumerate(item.get("subjects") or ()):
        if subject["kind"] == "ServiceAccount" and not subject.get("namespace") and item["kind"] != "RoleBinding":
            yield status.required(f"subjects[{index}].namespace")


def _role(item: Object) -> Iterator[Cause]:
    for index, rule in enumerate(item.get("rules") or ()):
        if not rule.get("verbs"):
            yield status.required(f"rules[{index}].verbs", "verbs must contain at least one value")
        if not rule.get("nonResourceURLs") and not rule.get("apiGroups"):
            yield status.required(f"rules[{index}].apiGroups", "resource rules must supply at least one api group")


_RULES: Mapping[str, Callable[[Object], Iterator[Cause]]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "Job": _job,
    "CronJob": _cron_job,
    "ConfigMap": data_rules.config_map,
    "Secret": data_rules.secret,
    "Service": network_rules.service,
    "Ingress": network_rules.ingress,
    "NetworkPolicy": network_rules.network_policy,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
    "CustomResourceDefinition": _definition,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "Role": _role,
    "ClusterRole": _role,
}
