"""Opens a cluster from a kubeconfig, as the identity that the variables define.

HELM_KUBECONTEXT names the context to use, for helm and for us alike. KUBECONFIG may name the kubeconfig. If the
context's credentials come from a program (`aws eks get-token`), the program gets our variables too. So it acts as the
environment's role and not as whoever runs us.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tasks.cluster.access import Cluster, translated
from tasks.domain.errors import InvalidInput, Unequipped

CONTEXT = "HELM_KUBECONTEXT"

_CONNECTIONS = 64
"""Enough for all units that run at once; further connections would be opened and closed for each request."""

_IDEMPOTENT = ("GET", "PATCH")
"""Reads and server-side applies. Repeating them gives the same result, so they are retried if a response is lost."""

_PASSING = (429, 500, 502, 503, 504)
"""Statuses of failures that may pass quickly; client-go and the AWS clients retry them too."""


def opened(variables: Mapping[str, str], manager: str = "flowmart") -> Cluster:
    """Open the cluster of the context that `variables` name.

    Args:
        variables: the environment variables of an identity.
        manager: our field manager in what we apply.

    Raises:
        InvalidInput: no context is named.
        Unequipped: the kubeconfig does not have the context.
    """
    from kubernetes import client, config
    from kubernetes.dynamic import DynamicClient

    context = variables.get(CONTEXT)
    if not context:
        raise InvalidInput(f"no cluster: {CONTEXT} is not set; give the environment a cluster in platform.yaml")
    with translated(context):
        settings = client.Configuration()
        settings.retries = _retries()
        settings.connection_pool_maxsize = _CONNECTIONS
        found = _kubeconfig(variables)
        try:
            config.load_kube_config_from_dict(
                found, context=context, client_configuration=settings, persist_config=False
            )
        except config.ConfigException as error:
            raise Unequipped(f"cluster {context}: {error}; is it in the kubeconfig?") from error
        # Without this, the client would search all variables for a proxy at each request.
        settings.proxy = settings.proxy
        reached = DynamicClient(client.ApiClient(settings), discoverer=lambda *_: None)
        return Cluster(reached, context, manager, _namespace(found, context))


def _retries() -> Any:
    """Allow four attempts within about a second; the last response counts."""
    from urllib3 import Retry

    return Retry(
        total=3, allowed_methods=_IDEMPOTENT, status_forcelist=_PASSING, backoff_factor=0.2, raise_on_status=False
    )


def _kubeconfig(variables: Mapping[str, str]) -> Any:
    """Merge the kubeconfig from all its files, and give our variables to its credential programs."""
    from kubernetes.config import kube_config

    paths = variables.get("KUBECONFIG") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    merged = kube_config.KubeConfigMerger(paths).config
    if merged is None:
        raise Unequipped(f"cluster {variables[CONTEXT]}: there is no kubeconfig {paths}; set KUBECONFIG")
    for user in merged.value["users"]:
        program = (user.value.get("user") or {}).get("exec")
        if program:
            program["env"] = [*(program.get("env") or ()), *_as_pairs(variables)]
    return merged


def _namespace(kubeconfig: Any, context: str) -> str:
    """Return the namespace of a context, as kubectl does."""
    found = next(each.value for each in kubeconfig["contexts"] if each.value["name"] == context)
    return str(found["context"].get("namespace") or "default")


def _as_pairs(variables: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]
