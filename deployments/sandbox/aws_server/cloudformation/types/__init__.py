"""Resource types as data, in one module for each family of services. `ALL` contains them by name."""

from collections.abc import Mapping

from deployments.sandbox.aws_server.cloudformation.services import ServiceKind
from deployments.sandbox.aws_server.cloudformation.types import (
    addresses,
    apis,
    balancing,
    compute,
    containers,
    databases,
    delivery,
    firewalls,
    functions,
    identity,
    names,
    networks,
    operations,
    storage,
)

__all__ = ["ALL"]

ALL: Mapping[str, ServiceKind] = {
    name: kind
    for family in (
        addresses,
        apis,
        balancing,
        compute,
        containers,
        databases,
        delivery,
        firewalls,
        functions,
        identity,
        names,
        networks,
        operations,
        storage,
    )
    for name, kind in family.TYPES.items()
}
