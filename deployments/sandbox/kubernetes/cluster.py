"""Assemble one cluster: its store, its access control and admission, and its controllers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deployments.sandbox.kubernetes.access import bootstrap
from deployments.sandbox.kubernetes.access.rbac import Rbac
from deployments.sandbox.kubernetes.access.tokens import Tokens
from deployments.sandbox.kubernetes.access.used import Used
from deployments.sandbox.kubernetes.admission.plugins import Admission
from deployments.sandbox.kubernetes.controllers import nodes
from deployments.sandbox.kubernetes.controllers.api_services import ApiServices
from deployments.sandbox.kubernetes.controllers.autoscalers import Autoscalers
from deployments.sandbox.kubernetes.controllers.budgets import Budgets
from deployments.sandbox.kubernetes.controllers.claims import Claims
from deployments.sandbox.kubernetes.controllers.daemon_sets import DaemonSets
from deployments.sandbox.kubernetes.controllers.definitions import Definitions
from deployments.sandbox.kubernetes.controllers.deployments import Deployments
from deployments.sandbox.kubernetes.controllers.garbage import Garbage
from deployments.sandbox.kubernetes.controllers.ingresses import Ingresses
from deployments.sandbox.kubernetes.controllers.jobs import Jobs
from deployments.sandbox.kubernetes.controllers.loop import Controller, Loop
from deployments.sandbox.kubernetes.controllers.namespaces import Namespaces
from deployments.sandbox.kubernetes.controllers.pods import Pods
from deployments.sandbox.kubernetes.controllers.quotas import Quotas
from deployments.sandbox.kubernetes.controllers.replica_sets import ReplicaSets
from deployments.sandbox.kubernetes.controllers.services import Services
from deployments.sandbox.kubernetes.controllers.stateful_sets import StatefulSets
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.deletes import Deletes
from deployments.sandbox.kubernetes.owners import Owners
from deployments.sandbox.kubernetes.resources import Catalogue, Object, built_in
from deployments.sandbox.kubernetes.storage import Store, key
from deployments.sandbox.kubernetes.writes import Writes

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_BOOTSTRAP = "cluster-bootstrap"


@dataclass(frozen=True)
class Cluster:
    """One cluster, ready to serve requests. The caller runs `loop` alongside the server."""

    name: str
    store: Store
    catalogue: Catalogue
    writes: Writes
    deletes: Deletes
    rbac: Rbac
    tokens: Tokens
    budgets: Budgets
    loop: Loop
    used: Used


def open_cluster(name: str, folder: Path, authority: str, pace: float) -> Cluster:
    """Open the cluster whose state is in `folder`. Create it if it does not exist.

    Args:
        name: The cluster's name.
        folder: The cluster's state folder.
        authority: The certificate authority's certificate, as PEM.
        pace: Seconds that a container takes to start.

    Returns:
        The cluster. Its controllers do not run until the caller runs `loop`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store, catalogue = Store(folder / "objects.sqlite"), Catalogue()
    rbac = Rbac(store)
    writes, owners = Writes(store, catalogue, Admission(store, rbac)), Owners(store)
    deletes = Deletes(store, writes, owners)
    world = World(name, store, catalogue, writes, deletes, owners, pace)
    definitions, budgets = Definitions(world), Budgets(world)
    definitions.serve_all()
    _begin(world)
    controllers: list[Controller] = [
        Namespaces(world, authority),
        definitions,
        Garbage(world),
        Deployments(world),
        ReplicaSets(world),
        StatefulSets(world),
        DaemonSets(world),
        Jobs(world),
        Pods(world),
        Services(world),
        Ingresses(world),
        Claims(world),
        Autoscalers(world),
        ApiServices(world),
        budgets,
        Quotas(world),
    ]
    tokens = Tokens(folder / "tokens.json", store)
    loop, used = Loop(store, controllers), Used(folder / "used_rights")
    return Cluster(name, store, catalogue, writes, deletes, rbac, tokens, budgets, loop, used)


def _begin(world: World) -> None:
    """Create the objects that every cluster has from the start, unless they exist."""
    for name in _NAMESPACES:
        if world.get("Namespace", "", name) is None:
            world.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, _BOOTSTRAP)
    nodes.ensure(world)
    for item in bootstrap.objects():
        if world.store.get(key(built_in(item["kind"]), "", item["metadata"]["name"])) is None:
            world.create(item, _BOOTSTRAP)
    _ensure_classes(world)


def _ensure_classes(world: World) -> None:
    """Create a storage class that binds at once, an ingress class and the priority classes of Kubernetes."""
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    wanted: list[Object] = [
        {
            "kind": "StorageClass",
            "apiVersion": "storage.k8s.io/v1",
            "metadata": _named("standard", default),
            "provisioner": "sandbox.flowmart/simulated",
        },
        {
            "kind": "IngressClass",
            "apiVersion": "networking.k8s.io/v1",
            "metadata": _named("sandbox"),
            "spec": {"controller": "sandbox.flowmart/simulated"},
        },
        _priority("system-cluster-critical", 2000000000),
        _priority("system-node-critical", 2000001000),
    ]
    for item in wanted:
        if world.get(item["kind"], "", item["metadata"]["name"]) is None:
            world.create(item, _BOOTSTRAP)


def _priority(name: str, value: int) -> Object:
    return {
        "kind": "PriorityClass",
        "apiVersion": "scheduling.k8s.io/v1",
        "metadata": _named(name),
        "value": value,
    }


def _named(name: str, annotations: dict[str, str] | None = None) -> Object:
    return {"name": name} | ({"annotations": annotations} if annotations else {})
