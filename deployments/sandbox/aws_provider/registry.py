"""Every type that the stand-in emulates, by name."""

from __future__ import annotations

from deployments.sandbox.aws_provider.resource import DataSource, Resource
from deployments.sandbox.aws_provider.services import network, reads, routes, security

_MODULES = (network, routes, security, reads)

RESOURCES: dict[str, Resource] = {cls.type: cls() for module in _MODULES for cls in module.RESOURCES}
DATA_SOURCES: dict[str, DataSource] = {cls.type: cls() for cls in reads.DATA_SOURCES}
