"""The sandbox's OpenSearch: a real one for all environments, available after `make peers-opensearch` has built it.

Without one, the sandbox's profile says so, and promotions skip the units that need it.
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
"""The name under which its process is recorded."""

HEALTH = "/_cluster/health?wait_for_status=yellow&timeout=1s"


def wanted(platform: Platform) -> bool:
    """Tell whether platform.yaml declares a search server for any environment."""
    return any(environment.elasticsearch for environment in platform.environments)


def starts(layout: SandboxLayout, platform: Platform) -> bool:
    """Tell whether the sandbox starts its own: one is declared and built, and the user has not chosen another."""
    return wanted(platform) and not chosen(layout) and opensearch.found() is not None


def chosen(layout: SandboxLayout) -> str:
    """Return the server that the user has chosen instead: an address or `none`; "" if there is no choice."""
    given, own = os.environ.get(VARIABLE, ""), processes.find(layout, PROCESS)
    # While the sandbox is up, its profile sets the variable to its own server; that is not a choice of the user.
    return "" if own and given == _address(own) else given


def missing() -> str:
    """Return a sentence that says why there is no OpenSearch and what to do; "" if there is one."""
    given = os.environ.get(VARIABLE, "")
    if opensearch.found() is None and given in ("", NO_OPENSEARCH):
        return "there is no OpenSearch, so its units stay as they are; make peers-opensearch builds one"
    return f"{VARIABLE}={given}, so units of an OpenSearch stay as they are" if given == NO_OPENSEARCH else ""


def variables(layout: SandboxLayout, platform: Platform, own: Process | None, *, asked: bool) -> Mapping[str, str]:
    """Return the variable with the address of OpenSearch, or `none`.

    Args:
        layout: the sandbox's files.
        platform: the platform.
        own: the sandbox's own process, or None.
        asked: whether a server that the user has chosen may be used.

    Returns:
        The variable; empty if platform.yaml declares no search server.
    """
    if not wanted(platform):
        return {}
    return {VARIABLE: (_address(own) if own else chosen(layout) if asked else "") or NO_OPENSEARCH}


def command(layout: SandboxLayout, port: int | None) -> list[str]:
    """Return the command that starts OpenSearch."""
    return [sys.executable, "-m", "deployments.peers.opensearch", "up", str(layout.search), str(port)]


def java(_: SandboxLayout, __: int | None) -> Mapping[str, str]:
    """Return JAVA_HOME if it is set in this process; otherwise nothing."""
    return {"JAVA_HOME": home} if (home := os.environ.get("JAVA_HOME")) else {}


def _address(process: Process) -> str:
    return f"http://127.0.0.1:{process.port}"
