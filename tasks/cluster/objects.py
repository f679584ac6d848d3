"""Kubernetes objects as plain mappings: what they are called, in which order they go, what of them is shown. Pure."""

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
"""Built-in kinds that live in no namespace. Others are taken to live in one: only a name in a plan is at stake."""

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
"""Helm's install order (helm's kind_sorter.go), with CRDs up front; kinds that are not in it come last."""

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
"""Of how many keys something is told by that does not say what it is."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Reference:
    """What identifies an object in a cluster: group, kind, namespace and name.

    The version in `api_version` is only the one to address it by: an object is the same in every version that its
    group serves. `namespace` is empty for kinds that live in none.
    """

    api_version: str = field(compare=False)
    kind: str
    namespace: str
    name: str
    group: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", self.api_version.rpartition("/")[0])

    def __str__(self) -> str:
        """The address in plans. Kinds that Kubernetes does not bring are named with their group, as kubectl does."""
        built_in = "." not in self.group or self.group.endswith(".k8s.io")
        kind = self.kind if built_in else f"{self.kind}.{self.group}"
        return "/".join(part for part in (kind, self.namespace, self.name) if part)

    @property
    def type(self) -> str:
        """The type as a plan shows it: apps/v1/Deployment."""
        return f"{self.api_version}/{self.kind}"

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """Sorts references into the order in which they are applied; removing goes the other way."""
        place = _ORDER.index(self.kind) if self.kind in _ORDER else len(_ORDER)
        return (place, self.kind, self.namespace, self.name)


def reference(manifest: Manifest, namespace: str = "") -> Reference:
    """What `manifest` is about; `namespace` is where it lives when it does not say so itself."""
    kind = str(manifest["kind"])
    metadata = manifest["metadata"]
    lives_in = "" if kind in _CLUSTER_WIDE else str(metadata.get("namespace") or namespace)
    return Reference(str(manifest["apiVersion"]), kind, lives_in, str(metadata["name"]))


def is_object(item: Any) -> bool:
    """Whether it tells which object it is."""
    if not isinstance(item, Mapping) or not isinstance(item.get("metadata"), Mapping):
        return False
    return "apiVersion" in item and "kind" in item and "name" in item["metadata"]


def parsed(text: str, origin: str, namespace: str = "") -> dict[Reference, Manifest]:
    """The manifests in a stream of YAML documents, in the order in which they are applied.

    `origin` is named when the stream is not valid YAML, or something in it is not a Kubernetes object.
    """
    try:
        return indexed(_read(text), origin, namespace)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{origin}: is not valid YAML: {error}") from error


@lru_cache(maxsize=8)
def _read(text: str) -> list[Any]:
    """The documents of a stream. A run reads the same one several times, and definitions make long ones."""
    return documents(text)


def indexed(found: Iterable[Any], origin: str, namespace: str = "") -> dict[Reference, Manifest]:
    """Documents that have been read already, by what they are about, in the order in which they are applied."""
    objects = {}
    for item in (item for document in found for item in listed(document)):
        if told := _fault(item):
            raise InvalidInput(f"{origin}: {told}")
        objects[reference(item, namespace)] = item
    return {about: objects[about] for about in ordered(objects)}


def repeated(text: str, namespace: str = "") -> list[Reference]:
    """The objects that a stream of YAML documents declares more than once; it is one that `parsed` takes."""
    every = Counter(reference(item, namespace) for document in _read(text) for item in listed(document))
    return ordered(about for about, count in every.items() if count > 1)


def _fault(item: Any) -> str:
    """Why something is not an object that can be applied, and what to do; empty when it is one."""
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
    """In the order in which they are applied."""
    return sorted(references, key=lambda about: about.rank)


def shown(manifest: Manifest) -> dict[str, Any]:
    """The object without its status and what the server adds by itself, and with the data of a Secret masked."""
    kept = {key: value for key, value in manifest.items() if key != "status"}
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key not in _NOISE}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != _LAST_APPLIED}
    kept["metadata"] = {**metadata, "annotations": annotations} if "annotations" in metadata else metadata
    return _masked(kept) if manifest.get("kind") == "Secret" else kept


def sent(manifest: Manifest) -> dict[str, Any]:
    """The manifest as it is sent to the server: without a status, and with a Secret's stringData as data.

    The API merges stringData into data and then owns neither: a key that a release drops would stay for ever.
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
    """The values of a Secret, decoded; and as they are, where they are not base64."""
    yield from (secret.get("stringData") or {}).values()
    for value in (secret.get("data") or {}).values():
        try:
            yield base64.b64decode(str(value), validate=True).decode()
        except ValueError:
            yield value


def listed(document: Any) -> list[Any]:
    """The objects of one document: none when it is empty, several when it is a list, as `kubectl` reads lists."""
    if document is None:
        return []
    if not is_list(document):
        return [document]
    return [each for item in document.get("items") or () for each in listed(entry_of(document, item))]


def is_list(document: Any) -> bool:
    """Whether it stands for other objects: a List, or one of a kind, such as a ConfigMapList."""
    if not isinstance(document, Mapping) or not str(document.get("kind")).endswith("List"):
        return False
    return "name" not in (document.get("metadata") or {}) and isinstance(document.get("items") or [], list)


def entry_of(document: Mapping[str, Any], item: Any) -> Any:
    """An entry of a list; in a list of one kind, it need not say which."""
    if document["kind"] == "List" or not isinstance(item, Mapping):
        return item
    kind = {"apiVersion": document.get("apiVersion"), "kind": str(document["kind"]).removesuffix("List")}
    return {**kind, **item}
