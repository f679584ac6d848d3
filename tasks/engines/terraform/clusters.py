"""Give the environment's cluster to the providers `kubernetes` and `helm`, which read their own variables. Pure.

Source: both providers' documentation: KUBE_CTX and KUBE_CONFIG_PATH; KUBE_CONFIG_PATHS for several files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tasks.cluster.kubeconfig import CONTEXT


def provider_variables(given: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of these providers; empty if the environment has no cluster.

    Args:
        given: the variables for a plan or an apply, with the context to use.
        inherited: the variables that every tool gets, perhaps with KUBECONFIG.
    """
    context = given.get(CONTEXT)
    if not context:
        return {}
    default = str(Path.home() / ".kube" / "config")
    named = given.get("KUBECONFIG") or inherited.get("KUBECONFIG") or default
    several = os.pathsep in named
    return {"KUBE_CTX": context, "KUBE_CONFIG_PATHS" if several else "KUBE_CONFIG_PATH": named}
