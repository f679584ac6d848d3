"""Rules for Services, Ingresses and NetworkPolicies, from `pkg/apis/{core,networking}/validation`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.admission.names import SUBDOMAIN_RULE, is_subdomain
from deployments.sandbox.kubernetes.admission.pod_rules import port_name_rules, port_rules
from deployments.sandbox.kubernetes.objects import at
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import Cause

_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_POLICY_TYPES = ("Egress", "Ingress")
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def service(item: Object) -> Iterator[Cause]:
    """Yield what is wrong with a Service."""
    spec = item["spec"]
    if spec["type"] not in _SERVICE_TYPES:
        yield status.unsupported("spec.type", spec["type"], _SERVICE_TYPES)
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield status.required("spec.externalName")
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield status.required("spec.ports")
    for index, port in enumerate(ports):
        yield from _service_port(port, f"spec.ports[{index}]", spec["type"])
        if len(ports) > 1 and not port.get("name"):
            yield status.required(f"spec.ports[{index}].name")
    yield from _repeated([p.get("name") for p in ports if p.get("name")], "spec.ports[{}].name")
    yield from _repeated([f"{p.get('protocol')}/{p.get('port')}" for p in ports], "spec.ports[{}]")


def _service_port(port: Object, here: str, kind: str) -> Iterator[Cause]:
    yield from port_rules(port.get("port"), f"{here}.port")
    target = port.get("targetPort")
    yield from (
        port_name_rules(target, f"{here}.targetPort")
        if isinstance(target, str)
        else port_rules(target, f"{here}.targetPort")
    )
    if port.get("protocol") not in _PROTOCOLS:
        yield status.unsupported(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
    if port.get("nodePort") and kind not in _WITH_NODE_PORTS:
        yield Cause("FieldValueForbidden", f"Forbidden: may not be used when `type` is '{kind}'", f"{here}.nodePort")


def _repeated(values: list[Any], where: str) -> Iterator[Cause]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield status.duplicate(where.format(index), value)


def ingress(item: Object) -> Iterator[Cause]:
    """Yield what is wrong with an Ingress."""
    spec = item["spec"] if item.get("spec") else {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield status.wrong("spec", "[]", "either `defaultBackend` or `rules` must be specified")
    for index, rule in enumerate(spec.get("rules") or ()):
        host = str(rule.get("host", ""))
        if host and not is_subdomain(host.removeprefix("*.")):
            yield status.wrong(f"spec.rules[{index}].host", host, SUBDOMAIN_RULE)
        for number, path in enumerate(at(rule, "http.paths", [])):
            yield from _ingress_path(path, f"spec.rules[{index}].http.paths[{number}]")


def _ingress_path(path: Object, here: str) -> Iterator[Cause]:
    kind = path.get("pathType")
    if kind and kind not in _PATH_TYPES:
        yield status.unsupported(f"{here}.pathType", kind, _PATH_TYPES)
    if kind in ("Exact", "Prefix") and not str(path.get("path", "")).startswith("/"):
        yield status.wrong(f"{here}.path", path.get("path", ""), "must be an absolute path")
    port = at(path, "backend.service.port", {})
    if port.get("name") and port.get("number"):
        yield status.wrong(f"{here}.backend", "", "cannot set both port name & port number")
    elif at(path, "backend.service") and not port.get("name") and not port.get("number"):
        yield status.required(f"{here}.backend", "port name or number is required")


def network_policy(item: Object) -> Iterator[Cause]:
    """Yield what is wrong with a NetworkPolicy."""
    spec = item.get("spec") or {}
    for index, kind in enumerate(spec.get("policyTypes") or ()):
        if kind not in _POLICY_TYPES:
            yield status.unsupported(f"spec.policyTypes[{index}]", kind, _POLICY_TYPES)
    for way, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(way) or ()):
            for number, peer in enumerate(rule.get(peers) or ()):
                yield from _block(peer.get("ipBlock"), f"spec.{way}[{index}].{peers}[{number}].ipBlock")


def _block(block: Object | None, here: str) -> Iterator[Cause]:
    if block is None:
        return
    for name, value in (
        ("cidr", block.get("cidr")),
        *((f"except[{n}]", v) for n, v in enumerate(block.get("except") or ())),
    ):
        if not _is_network(str(value)):
            why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            yield status.wrong(f"{here}.{name}", value, why)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return re.search(r"/\d+$", text) is not None
