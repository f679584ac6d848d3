"""Pod Security admission: check pods against the standard that their namespace's labels select.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, with the messages of
k8s.io/pod-security-admission.

Pods are rejected. Workloads that create pods only cause a warning. Not emulated: older versions of the standards,
AppArmor's annotations, Windows, and exemptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.objects import at, labels_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object, Resource, built_in
from deployments.sandbox.kubernetes.storage import Store, key

_LABEL = "pod-security.kubernetes.io/"
_TEMPLATES = {"CronJob": "spec.jobTemplate.spec.template.spec", "PodTemplate": "template.spec"}
_MAKERS = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "PodTemplate", "ReplicaSet", "ReplicationController", "StatefulSet"}
)
_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"}
    | {"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"}
    | {"secret"}
)
_SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"}
    | {"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"}
    | {"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"}
    | {"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
)
_SE_LINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_PROFILES = ("RuntimeDefault", "Localhost")

_Rule = Callable[[Object], str]
"""Returns how a pod's spec violates a rule; empty if it does not."""


def require_secure(store: Store, item: Object, resource: Resource, asking: Asking) -> None:
    """Check that a pod meets its namespace's standard. Add warnings to the request.

    Raises:
        ApiError: 403 if a pod violates the standard that is enforced.
    """
    if resource.custom or resource.kind not in {*_MAKERS, "Pod"}:
        return
    namespace = store.get(key(built_in("Namespace"), "", namespace_of(item)))
    labels = labels_of(namespace) if namespace else {}
    place = "spec" if resource.kind == "Pod" else _TEMPLATES.get(resource.kind, "spec.template.spec")
    spec = at(item, place, {})
    told = _violated(spec, labels.get(f"{_LABEL}enforce", ""))
    if told and resource.kind == "Pod":
        raise status.forbidden(resource, str(item["metadata"].get("name", "")), f"violates {told}")
    told = _violated(spec, labels.get(f"{_LABEL}warn", ""))
    if told:
        asking.warnings.append(f"would violate {told}")


def _violated(spec: Object, level: str) -> str:
    rules = {"baseline": _BASELINE, "restricted": (*_BASELINE, *_RESTRICTED)}.get(level, ())
    found = [told for rule in rules if (told := rule(spec))]
    # For capabilities and volumes, report only the stricter rule, because it includes the other one.
    found = [told for told in found if not any(told != other and _covers(other, told) for other in found)]
    return f'PodSecurity "{level}:latest": {", ".join(found)}' if found else ""


def _covers(stricter: str, told: str) -> bool:
    return (told.startswith("non-default capabilities") and stricter.startswith("unrestricted capabilities")) or (
        told.startswith("hostPath volumes") and stricter.startswith("restricted volume types")
    )


def _containers(spec: Object) -> list[Object]:
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [container for kind in kinds for container in spec.get(kind) or ()]


def _offending(spec: Object, offends: Callable[[Object], Any]) -> list[str]:
    return [str(container.get("name")) for container in _containers(spec) if offends(container)]


def _named(names: list[str], kind: str = "container") -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{kind} {quoted}" if len(names) == 1 else f"{kind}s {quoted}"


def _must(names: list[str], what: str, wanted: str) -> str:
    return f"{what} ({_named(names)} must {wanted})" if names else ""


def _host_namespaces(spec: Object) -> str:
    used = [name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return f"host namespaces ({', '.join(f'{name}=true' for name in used)})" if used else ""


def _privileged(spec: Object) -> str:
    names = _offending(spec, lambda c: at(c, "securityContext.privileged"))
    return _must(names, "privileged", "not set securityContext.privileged=true")


def _added(container: Object) -> set[str]:
    return set(at(container, "securityContext.capabilities.add", []))


def _default_capabilities(spec: Object) -> str:
    names = _offending(spec, lambda c: _added(c) - _CAPABILITIES)
    more = sorted({name for container in _containers(spec) for name in _added(container) - _CAPABILITIES})
    shown = ", ".join(f'"{name}"' for name in more)
    return _must(names, "non-default capabilities", f"not include {shown} in securityContext.capabilities.add")


def _host_paths(spec: Object) -> str:
    names = [str(volume.get("name")) for volume in spec.get("volumes") or () if "hostPath" in volume]
    return f"hostPath volumes ({_named(names, 'volume')})" if names else ""


def _host_ports(spec: Object) -> str:
    ports = {str(p["hostPort"]) for c in _containers(spec) for p in c.get("ports") or () if p.get("hostPort")}
    names = _offending(spec, lambda c: any(p.get("hostPort") for p in c.get("ports") or ()))
    used = f"hostPort{'s' if len(ports) > 1 else ''} {', '.join(sorted(ports))}"
    return f"hostPort ({_named(names)} use{'s' if len(names) == 1 else ''} {used})" if names else ""


def _se_linux(spec: Object) -> str:
    contexts = [spec, *_containers(spec)]
    options = [at(context, "securityContext.seLinuxOptions", {}) for context in contexts]
    wrong = [
        found for found in options if found.get("type", "") not in _SE_LINUX or found.get("user") or found.get("role")
    ]
    return "seLinuxOptions (pod or containers set forbidden securityContext.seLinuxOptions)" if wrong else ""


def _proc_mount(spec: Object) -> str:
    names = _offending(spec, lambda c: at(c, "securityContext.procMount", "Default") != "Default")
    return _must(names, "procMount", 'not set securityContext.procMount to "Unmasked"')


def _unconfined(spec: Object) -> str:
    path = "securityContext.seccompProfile.type"
    names = _offending(spec, lambda c: at(c, path) == "Unconfined")
    wrong = (["pod"] if at(spec, path) == "Unconfined" else []) + ([_named(names)] if names else [])
    return f'seccompProfile ({" and ".join(wrong)} must not set {path} to "Unconfined")' if wrong else ""


def _sysctls(spec: Object) -> str:
    wrong = [s.get("name", "") for s in at(spec, "securityContext.sysctls", []) if s.get("name") not in _SYSCTLS]
    return f"forbidden sysctls ({', '.join(wrong)})" if wrong else ""


def _volume_types(spec: Object) -> str:
    found = [
        (v.get("name"), key) for v in spec.get("volumes") or () for key in v if key != "name" and key not in _VOLUMES
    ]
    names, kinds = [str(name) for name, _ in found], sorted({kind for _, kind in found})
    shown = ", ".join(f'"{kind}"' for kind in kinds)
    use = "uses restricted volume type" if len(names) == 1 else "use restricted volume types"
    return f"restricted volume types ({_named(names, 'volume')} {use} {shown})" if names else ""


def _escalation(spec: Object) -> str:
    names = _offending(spec, lambda c: at(c, "securityContext.allowPrivilegeEscalation") is not False)
    return _must(names, "allowPrivilegeEscalation != false", "set securityContext.allowPrivilegeEscalation=false")


def _dropped_capabilities(spec: Object) -> str:
    kept = _offending(spec, lambda c: "ALL" not in at(c, "securityContext.capabilities.drop", []))
    names = _offending(spec, lambda c: _added(c) - {"NET_BIND_SERVICE"})
    more = sorted({name for c in _containers(spec) for name in _added(c) - {"NET_BIND_SERVICE"}})
    shown = ", ".join(f'"{name}"' for name in more)
    wrong = [f'{_named(kept)} must set securityContext.capabilities.drop=["ALL"]'] if kept else []
    wrong += [f"{_named(names)} must not include {shown} in securityContext.capabilities.add"] if names else []
    return f"unrestricted capabilities ({'; '.join(wrong)})" if wrong else ""


def _root(spec: Object) -> str:
    path = "securityContext.runAsNonRoot"
    of_pod = at(spec, path)
    wrong = _offending(spec, lambda c: at(c, path) is False)
    if of_pod is False or wrong:
        whose = [*(["pod"] if of_pod is False else []), *([_named(wrong)] if wrong else [])]
        return f"runAsNonRoot != true ({' and '.join(whose)} must not set {path}=false)"
    names = [] if of_pod else _offending(spec, lambda c: at(c, path) is None)
    return f"runAsNonRoot != true (pod or {_named(names)} must set {path}=true)" if names else ""


def _root_user(spec: Object) -> str:
    names = _offending(spec, _is_root)
    wrong = [*(["pod"] if _is_root(spec) else []), *([_named(names)] if names else [])]
    return f"runAsUser=0 ({' and '.join(wrong)} must not set runAsUser=0)" if wrong else ""


def _is_root(context: Object) -> bool:
    user = (context.get("securityContext") or {}).get("runAsUser")
    return user == 0 and not isinstance(user, bool)


def _profile(spec: Object) -> str:
    path = "securityContext.seccompProfile.type"
    if at(spec, path) in _PROFILES:
        return ""
    names = _offending(spec, lambda c: at(c, path) not in _PROFILES)
    told = f'must set {path} to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {_named(names)} {told})" if names else ""


_BASELINE: tuple[_Rule, ...] = (
    *(_default_capabilities, _host_namespaces, _host_paths, _host_ports, _privileged, _proc_mount),
    *(_se_linux, _unconfined, _sysctls),
)
_RESTRICTED: tuple[_Rule, ...] = (_escalation, _dropped_capabilities, _volume_types, _root, _root_user, _profile)
