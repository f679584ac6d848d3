"""Keeps a list of what a unit applied in the cluster itself, so removals work even if the store was lost.

A ConfigMap lists the objects and nothing else. Only an object's own mark decides who owns it. So an object is not
removed because somebody adds it to the list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Reference, ordered
from tasks.cluster.ownership import marked
from tasks.domain.errors import Refused
from tasks.engines.kustomize.plans import listed, recorded

_KEY = "objects"


@dataclass(frozen=True)
class Inventory:
    """The list of one unit in one cluster.

    Attributes:
        cluster: the cluster.
        unit: the mark of the unit, "platform/environment/unit".
        namespace: the namespace of the list; empty to keep no list.
    """

    cluster: Cluster
    unit: str
    namespace: str

    @property
    def about(self) -> Reference:
        """The ConfigMap. It is named by a digest, because a unit's name may not be valid as an object's name."""
        digest = hashlib.sha256(self.unit.encode()).hexdigest()[:16]
        return Reference("v1", "ConfigMap", self.namespace, f"inventory-{digest}")

    def read(self) -> frozenset[Reference]:
        """Return the objects that are listed; empty if there is no list.

        Raises:
            Refused: the list cannot be read, or is not a list of objects.
        """
        live = self.cluster.read(self.about) if self.namespace else None
        if live is None:
            return frozenset()
        try:
            return frozenset(recorded(json.loads((live.get("data") or {}).get(_KEY, "[]"))))
        except (ValueError, KeyError, TypeError) as error:
            told = f"{self.about}: is not a list of objects of {self.unit} ({error})"
            raise Refused(f"{told}; delete it, and the next apply writes it anew") from error

    def add(self, objects: Iterable[Reference]) -> None:
        """List more objects before they are applied. Nothing is written yet if the namespace is created with them."""
        if self.namespace:
            self._apply({*self.read(), *objects})

    def write(self, objects: Iterable[Reference]) -> None:
        """List exactly these objects, or remove the list if there are none.

        Raises:
            Refused: the namespace does not exist.
        """
        live = self.cluster.read(self.about) if self.namespace else None
        wanted = set(objects)
        if wanted and self.namespace and not self._apply(wanted):
            raise Refused(f"{self.about}: cluster {self.cluster.name} has no namespace {self.namespace}; create it")
        if live and not wanted:
            self.cluster.remove(self.about, str(live["metadata"]["uid"]))

    def _apply(self, objects: Iterable[Reference]) -> bool:
        metadata = {"name": self.about.name, "namespace": self.namespace}
        data = {_KEY: json.dumps(listed(ordered(objects), {}), indent=1)}
        item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        return self.cluster.apply(self.about, marked(item, self.unit, adopted=False), force=True) is not None
