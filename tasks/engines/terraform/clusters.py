"""The environment's cluster for the providers `kubernetes` and `helm`, which read variables of their own. Pure.

Source: both providers' documentation: KUBE_CTX, KUBE_CONFIG_PATH, and KUBE_CONFIG_PATHS for several.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tasks.cluster.access import CONTEXT


def provider_variables(given: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables of these providers; none where the environment has no cluster.

    Args:
        given: the variables for one purpose, which name the context to use.
        inherited: what every tool gets; KUBECONFIG may be there.
    """
    context = given.get(CONTEXT)
    if not context:
        return {}
    default = str(Path.home() / ".kube" / "config")
    named = given.get("KUBECONFIG") or inherited.get("KUBECONFIG") or default
    several = os.pathsep in named
    return {"KUBE_CTX": context, "KUBE_CONFIG_PATHS" if several else "KUBE_CONFIG_PATH": named}
