"""The sandbox's OpenSearch: a real one, where `make peers-opensearch` has put it together. It holds all environments.

Without it the sandbox's profile says so, and promotions leave out what needs one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from deployments import processes
from deployments.peers import opensearch
from deployments.processes import Process
from deployments.sandbox.layout import SandboxLayout
from tasks.domain.platform import Platform
from tasks.promotion.access import NO_OPENSEARCH

VARIABLE = "FLOWMART_OPENSEARCH"

PROCESS = "opensearch"
"""What its process is recorded as."""

HEALTH = "/_cluster/health?wait_for_status=yellow&timeout=1s"


def wanted(platform: Platform) -> bool:
    """Whether platform.yaml declares a search server."""
    return any(environment.elasticsearch for environment in platform.environments)


def starts(layout: SandboxLayout, platform: Platform) -> bool:
    """Whether the sandbox has one of its own: it is declared, there, and the user has chosen no other."""
    return wanted(platform) and not chosen(layout) and opensearch.found() is not None


def chosen(layout: SandboxLayout) -> str:
    """What the user has chosen in its place: an address, or `none`; "" for nothing."""
    given, own = os.environ.get(VARIABLE, ""), processes.find(layout, PROCESS)
    # The profile of a sandbox that is up names its own.
    return "" if own and given == _address(own) else given


def missing() -> str:
    """Why there is none here and what to do, as a sentence; "" if there is one."""
    given = os.environ.get(VARIABLE, "")
    if opensearch.found() is None and given in ("", NO_OPENSEARCH):
        return "there is no OpenSearch, so its units stay as they are; make peers-opensearch builds one"
    return f"{VARIABLE}={given}, so units of an OpenSearch stay as they are" if given == NO_OPENSEARCH else ""


def variables(layout: SandboxLayout, platform: Platform, own: Process | None, *, asked: bool) -> Mapping[str, str]:
    """The variable that leads to it, where platform.yaml declares a server.

    Args:
        own: the sandbox's own process, if there is one.
        asked: whether any may be asked.
    """
    if not wanted(platform):
        return {}
    return {VARIABLE: (_address(own) if own else chosen(layout) if asked else "") or NO_OPENSEARCH}


def command(layout: SandboxLayout, port: int | None) -> list[str]:
    """What starts it."""
    return [sys.executable, "-m", "deployments.peers.opensearch", "up", str(layout.search), str(port)]


def java(_: SandboxLayout, __: int | None) -> Mapping[str, str]:
    """Where its Java is, if this process knows a certain one."""
    return {"JAVA_HOME": home} if (home := os.environ.get("JAVA_HOME")) else {}


def _address(process: Process) -> str:
    return f"http://127.0.0.1:{process.port}"
