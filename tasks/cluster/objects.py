"""Kubernetes objects as plain mappings: their names, their order, and what plans show of them. Pure."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from tasks import masking
from tasks.cluster.documents import documents
from tasks.domain.errors import InvalidInput
from tasks.domain.values import MASK

Manifest = Mapping[str, Any]

_CLUSTER_WIDE = frozenset(
    {
        "APIService",
        "CSIDriver",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeSnapshotClass",
    }
)
"""Built-in kinds that live in no namespace. Others are assumed to live in one; only names in plans depend on it."""

_ORDER = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
)
"""Helm's install order (helm's kind_sorter.go), with custom resource definitions early. Other kinds come last."""

_NOISE = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_SHOWN = 4
"""How many keys a message names of an entry that does not say what it is."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Reference:
    """Identifies an object in a cluster: by group, kind, namespace and name.

    The version in `api_version` is only used for addressing: an object is the same in every version that its group
    serves. `namespace` is empty for kinds that live in none.
    """

    api_version: str = field(compare=False)
    kind: str
    namespace: str
    name: str
    group: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", self.api_version.rpartition("/")[0])

    def __str__(self) -> str:
        """The address in plans. Kinds that are not built in are named with their group, as kubectl does."""
        built_in = "." not in self.group or self.group.endswith(".k8s.io")
        kind = self.kind if built_in else f"{self.kind}.{self.group}"
        return "/".join(part for part in (kind, self.namespace, self.name) if part)

    @property
    def type(self) -> str:
        """The type as a plan shows it: apps/v1/Deployment."""
        return f"{self.api_version}/{self.kind}"

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """The sort key for the order of applying; removals go in reverse."""
        place = _ORDER.index(self.kind) if self.kind in _ORDER else len(_ORDER)
        return (place, self.kind, self.namespace, self.name)


def reference(manifest: Manifest, namespace: str = "") -> Reference:
    """Return the reference of a manifest.

    Args:
        manifest: the manifest.
        namespace: where the object lives if the manifest names no namespace.
    """
    kind = str(manifest["kind"])
    metadata = manifest["metadata"]
    lives_in = "" if kind in _CLUSTER_WIDE else str(metadata.get("namespace") or namespace)
    return Reference(str(manifest["apiVersion"]), kind, lives_in, str(metadata["name"]))


def is_object(item: Any) -> bool:
    """Tell whether it has everything that identifies an object."""
    if not isinstance(item, Mapping) or not isinstance(item.get("metadata"), Mapping):
        return False
    return "apiVersion" in item and "kind" in item and "name" in item["metadata"]


def parsed(text: str, origin: str, namespace: str = "") -> dict[Reference, Manifest]:
    """Parse the manifests in a stream of YAML documents, in the order of applying.

    Args:
        text: the stream.
        origin: where the text comes from, for messages.
        namespace: where objects live that name no namespace.

    Raises:
        InvalidInput: it is not valid YAML, or an entry is not a Kubernetes object.
    """
    try:
        return indexed(_read(text), origin, namespace)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{origin}: is not valid YAML: {error}") from error


@lru_cache(maxsize=8)
def _read(text: str) -> list[Any]:
    """Read a stream's documents. They are cached, since a run reads a text repeatedly, and definitions are long."""
    return documents(text)


def indexed(found: Iterable[Any], origin: str, namespace: str = "") -> dict[Reference, Manifest]:
    """Key documents that are already parsed by their references, in the order of applying.

    Args:
        found: the documents; lists among them are expanded.
        origin: where they come from, for messages.
        namespace: where objects live that name no namespace.

    Raises:
        InvalidInput: an entry is not a Kubernetes object.
    """
    objects = {}
    for item in (item for document in found for item in listed(document)):
        if fault := _fault(item):
            raise InvalidInput(f"{origin}: {fault}")
        objects[reference(item, namespace)] = item
    return {about: objects[about] for about in ordered(objects)}


def repeated(text: str, namespace: str = "") -> list[Reference]:
    """Return the objects that a stream of YAML documents declares more than once; `parsed` must accept the stream."""
    every = Counter(reference(item, namespace) for document in _read(text) for item in listed(document))
    return ordered(about for about, count in every.items() if count > 1)


def _fault(item: Any) -> str:
    """Explain why an entry is not an object that can be applied, and what to do; empty if it is one."""
    if not isinstance(item, Mapping):
        return f"holds {str(item)[:40]!r}, which is not a Kubernetes object; remove it"
    metadata = item.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    about = " ".join(str(part) for part in (item.get("kind"), metadata.get("name")) if part) or "an object"
    if metadata.get("generateName") and not metadata.get("name"):
        return f"{about} has generateName {metadata['generateName']}: no plan can tell which object it is; name it"
    values = {"apiVersion": item.get("apiVersion"), "kind": item.get("kind"), "metadata.name": metadata.get("name")}
    missing = [key for key, value in values.items() if value in (None, "")]
    keys = ", ".join(list(item)[:_SHOWN])
    return f"{about} (with {keys or 'nothing'}) has no {' and no '.join(missing)}; add it" if missing else ""


def ordered(references: Iterable[Reference]) -> list[Reference]:
    """Sort references into the order of applying."""
    return sorted(references, key=lambda about: about.rank)


def shown(manifest: Manifest) -> dict[str, Any]:
    """Return what plans show of an object.

    This leaves out the status and the metadata that the server adds, and masks the data of a Secret.
    """
    kept = {key: value for key, value in manifest.items() if key != "status"}
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key not in _NOISE}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != _LAST_APPLIED}
    kept["metadata"] = {**metadata, "annotations": annotations} if "annotations" in metadata else metadata
    return _masked(kept) if manifest.get("kind") == "Secret" else kept


def sent(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest as it is sent to the server: without a status, and with a Secret's stringData as data.

    The API merges stringData into data, and the field manager then owns neither. A key that a release drops would
    stay forever.
    """
    kept = {key: value for key, value in manifest.items() if key not in ("status", "stringData")}
    if manifest.get("kind") == "Secret" and manifest.get("stringData"):
        encoded = {key: base64.b64encode(str(v).encode()).decode() for key, v in manifest["stringData"].items()}
        kept["data"] = {**(kept.get("data") or {}), **encoded}
    return kept


def _masked(secret: Mapping[str, Any]) -> dict[str, Any]:
    masking.KNOWN.learn(_values(secret))
    hidden = {part: dict.fromkeys(secret[part] or {}, MASK) for part in ("data", "stringData") if part in secret}
    return {**secret, **hidden}


def _values(secret: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of a Secret, decoded where they are base64."""
    yield from (secret.get("stringData") or {}).values()
    for value in (secret.get("data") or {}).values():
        try:
            yield base64.b64decode(str(value), validate=True).decode()
        except ValueError:
            yield value


def listed(document: Any) -> list[Any]:
    """Return the objects of one document: none if it is empty, several if it is a list, as `kubectl` reads lists."""
    if document is None:
        return []
    if not is_list(document):
        return [document]
    return [each for item in document.get("items") or () for each in listed(entry_of(document, item))]


def is_list(document: Any) -> bool:
    """Tell whether a document is a list of objects: a List, or a typed one such as a ConfigMapList."""
    if not isinstance(document, Mapping) or not str(document.get("kind")).endswith("List"):
        return False
    return "name" not in (document.get("metadata") or {}) and isinstance(document.get("items") or [], list)


def entry_of(document: Mapping[str, Any], item: Any) -> Any:
    """Complete an entry of a list. In a typed list, entries may leave out their apiVersion and kind."""
    if document["kind"] == "List" or not isinstance(item, Mapping):
        return item
    kind = {"apiVersion": document.get("apiVersion"), "kind": str(document["kind"]).removesuffix("List")}
    return {**kind, **item}
