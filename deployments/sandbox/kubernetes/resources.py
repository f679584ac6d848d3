"""The kinds of object that the API serves, one row each. Their behaviour is defined elsewhere.

Names, short names and categories are those that a Kubernetes 1.34 server lists in its discovery documents.
`controllers/definitions.py` builds the same rows for custom resource definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
CREATE_ONLY = ("create",)

Object = dict[str, Any]
"""An API object as JSON. Never change an object from the store in place: `clone` it first."""


@dataclass(frozen=True)
class Scale:
    """Dotted paths of the fields that a kind's scale subresource shows."""

    replicas: str = "spec.replicas"
    status: str = "status.replicas"
    selector: str = "spec.selector"


@dataclass(frozen=True)
class Resource:
    """One kind, as served in one version.

    `definition` names the schema of a built-in kind; `schema` holds a custom resource's own schema. If the store
    keeps the kind's objects in another group, `kept_in` names that group (see `conversion`).
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    status: bool = False
    scale: Scale | None = None
    definition: str = ""
    schema: Any = field(default=None, compare=False, hash=False)
    columns: tuple[Any, ...] = field(default=(), compare=False, hash=False)
    singular: str = ""
    list_kind: str = ""
    kept_in: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Return the group and plural under which the store keeps the objects, the same for all versions."""
        return (self.group if self.kept_in is None else self.kept_in, self.plural)

    @property
    def api_version(self) -> str:
        """Return the value of `apiVersion` in the kind's objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """Return `plural.group`, the form used in error messages and in RBAC."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def custom(self) -> bool:
        """Tell whether a custom resource definition defines the kind."""
        return not self.definition

    @property
    def path(self) -> str:
        """Return the group and version as part of a URL: `api/v1`, `apis/apps/v1`."""
        return f"apis/{self.group}/{self.version}" if self.group else f"api/{self.version}"


def _core(plural: str, kind: str, *short: str, **more: Any) -> Resource:
    return Resource("", "v1", plural, kind, short_names=short, definition=f"io.k8s.api.core.v1.{kind}", **more)


def _in(group: str, version: str, package: str) -> Any:
    def resource(plural: str, kind: str, *short: str, **more: Any) -> Resource:
        definition = f"io.k8s.api.{package}.{version}.{kind}"
        return Resource(group, version, plural, kind, short_names=short, **({"definition": definition} | more))

    return resource


_apps = _in("apps", "v1", "apps")
_batch = _in("batch", "v1", "batch")
_networking = _in("networking.k8s.io", "v1", "networking")
_rbac = _in("rbac.authorization.k8s.io", "v1", "rbac")
_storage = _in("storage.k8s.io", "v1", "storage")
_admission = _in("admissionregistration.k8s.io", "v1", "admissionregistration")
_authentication = _in("authentication.k8s.io", "v1", "authentication")
_flowcontrol = _in("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol")
_authorization = _in("authorization.k8s.io", "v1", "authorization")

_ALL = ("all",)
_EXTENSIONS = ("api-extensions",)
_CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"

BUILT_IN: tuple[Resource, ...] = (
    _core("configmaps", "ConfigMap", "cm"),
    _core("endpoints", "Endpoints", "ep"),
    _core("events", "Event", "ev"),
    _core("limitranges", "LimitRange", "limits"),
    _core("namespaces", "Namespace", "ns", namespaced=False, status=True),
    _core("nodes", "Node", "no", namespaced=False, status=True),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", status=True),
    _core("persistentvolumes", "PersistentVolume", "pv", namespaced=False, status=True),
    _core("pods", "Pod", "po", categories=_ALL, status=True),
    _core("podtemplates", "PodTemplate"),
    _core("replicationcontrollers", "ReplicationController", "rc", categories=_ALL, status=True),
    _core("resourcequotas", "ResourceQuota", "quota", status=True),
    _core("secrets", "Secret"),
    _core("serviceaccounts", "ServiceAccount", "sa"),
    _core("services", "Service", "svc", categories=_ALL, status=True),
    _apps("controllerrevisions", "ControllerRevision"),
    _apps("daemonsets", "DaemonSet", "ds", categories=_ALL, status=True),
    _apps("deployments", "Deployment", "deploy", categories=_ALL, status=True, scale=Scale()),
    _apps("replicasets", "ReplicaSet", "rs", categories=_ALL, status=True, scale=Scale()),
    _apps("statefulsets", "StatefulSet", "sts", categories=_ALL, status=True, scale=Scale()),
    _batch("cronjobs", "CronJob", "cj", categories=_ALL, status=True),
    _batch("jobs", "Job", categories=_ALL, status=True),
    *(
        _in("autoscaling", version, "autoscaling")(
            "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", categories=_ALL, status=True
        )
        for version in ("v2", "v1")
    ),
    _in("policy", "v1", "policy")("poddisruptionbudgets", "PodDisruptionBudget", "pdb", status=True),
    _networking("ingressclasses", "IngressClass", namespaced=False),
    _networking("ingresses", "Ingress", "ing", status=True),
    _networking("networkpolicies", "NetworkPolicy", "netpol"),
    _rbac("clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _rbac("clusterroles", "ClusterRole", namespaced=False),
    _rbac("rolebindings", "RoleBinding"),
    _rbac("roles", "Role"),
    _in("scheduling.k8s.io", "v1", "scheduling")("priorityclasses", "PriorityClass", "pc", namespaced=False),
    _in("discovery.k8s.io", "v1", "discovery")("endpointslices", "EndpointSlice"),
    _in("events.k8s.io", "v1", "events")("events", "Event", "ev", kept_in=""),
    _in("certificates.k8s.io", "v1", "certificates")(
        "certificatesigningrequests", "CertificateSigningRequest", "csr", namespaced=False, status=True
    ),
    _in("node.k8s.io", "v1", "node")("runtimeclasses", "RuntimeClass", namespaced=False),
    _flowcontrol("flowschemas", "FlowSchema", namespaced=False, status=True),
    _flowcontrol("prioritylevelconfigurations", "PriorityLevelConfiguration", namespaced=False, status=True),
    Resource(
        "apiregistration.k8s.io",
        "v1",
        "apiservices",
        "APIService",
        False,
        categories=_EXTENSIONS,
        status=True,
        definition="io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
    ),
    _in("coordination.k8s.io", "v1", "coordination")("leases", "Lease"),
    _storage("csidrivers", "CSIDriver", namespaced=False),
    _storage("storageclasses", "StorageClass", "sc", namespaced=False),
    _storage("volumeattributesclasses", "VolumeAttributesClass", "vac", namespaced=False),
    Resource(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        False,
        ("crd", "crds"),
        _EXTENSIONS,
        status=True,
        definition=_CRD,
    ),
    _admission(
        "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", namespaced=False, categories=_EXTENSIONS
    ),
    _admission(
        "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", namespaced=False, categories=_EXTENSIONS
    ),
    _admission(
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        namespaced=False,
        categories=_EXTENSIONS,
        status=True,
    ),
    _admission(
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        namespaced=False,
        categories=_EXTENSIONS,
    ),
    _authentication("selfsubjectreviews", "SelfSubjectReview", namespaced=False, verbs=CREATE_ONLY),
    _authentication("tokenreviews", "TokenReview", namespaced=False, verbs=CREATE_ONLY),
    _authorization("localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=CREATE_ONLY),
    _authorization("selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False, verbs=CREATE_ONLY),
    _authorization("selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False, verbs=CREATE_ONLY),
    _authorization("subjectaccessreviews", "SubjectAccessReview", namespaced=False, verbs=CREATE_ONLY),
)

_BY_KIND: dict[tuple[str, str], Resource] = {}
for _resource in BUILT_IN:
    # The store keeps the objects of a kind in the version that is listed first.
    _BY_KIND.setdefault((_resource.group, _resource.kind), _resource)


def built_in(kind: str, group: str | None = None) -> Resource:
    """Return the built-in resource of a kind.

    Args:
        kind: The kind, such as "Pod".
        group: The API group. Needed only for a kind that two groups share.

    Raises:
        KeyError: `group` is given and does not have the kind.
        StopIteration: No built-in resource has the kind.
    """
    if group is not None:
        return _BY_KIND[group, kind]
    return next(resource for (_, name), resource in _BY_KIND.items() if name == kind)


class Catalogue:
    """The resources served now: built-in kinds, and those of established custom resource definitions."""

    def __init__(self) -> None:
        self._custom: dict[str, tuple[Resource, ...]] = {}
        self._rows: dict[tuple[str, str, str], Resource] = {}
        self._kinds: dict[tuple[str, str], Resource] = {}
        self._index()

    def __iter__(self) -> Iterator[Resource]:
        return iter(tuple(self._rows.values()))

    def add(self, definition: str, versions: Iterable[Resource]) -> None:
        """Serve the versions of a custom resource definition. The storage version comes first."""
        self._custom[definition] = tuple(versions)
        self._index()

    def remove(self, definition: str) -> None:
        """Stop serving a custom resource definition."""
        if self._custom.pop(definition, None) is not None:
            self._index()

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource at this address, or `None` if it is not served."""
        return self._rows.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of objects with this apiVersion and kind, or `None` if it is not served."""
        return self._kinds.get((api_version, kind))

    def custom(self, definition: str) -> tuple[Resource, ...]:
        """Return the resources of one custom resource definition; empty if it is not established."""
        return self._custom.get(definition, ())

    def _index(self) -> None:
        rows = [*BUILT_IN, *(resource for versions in self._custom.values() for resource in versions)]
        self._rows = {(r.group, r.version, r.plural): r for r in rows}
        self._kinds = {(r.api_version, r.kind): r for r in rows}
