"""The allow-list of this process's environment variables that a tool may see.

A plan runs code from a pull request. So a tool gets only the variables listed here and those that a run passes to it
(the credentials of one environment's role). It gets nothing that grants another identity. So it has none of the
product's own keys or profiles, and no access to GitHub, Prefect, a database or a notification service.

`FLOWMART_KEEP_VARIABLES` adds names that a platform's tools need.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

KEEP = "FLOWMART_KEEP_VARIABLES"
"""Setting: more names to keep, separated by commas or spaces. A final `*` is a wildcard."""


SECRETS = "FLOWMART_SECRET_VARIABLES"
"""Setting: names of variables that platform.yaml may pass to tools as secrets, in the format of `KEEP`."""


def _listed(text: str) -> tuple[str, ...]:
    """Return the words of a text without its `#` comments."""
    return tuple(word for line in text.splitlines() for word in line.partition("#")[0].split())


SYSTEM = _listed("""
    PATH HOME USER LOGNAME SHELL TMPDIR XDG_* LD_LIBRARY_PATH
    LANG LANGUAGE LC_* LOCALE_ARCHIVE TZ TZDIR TERM COLUMNS NO_COLOR PYTHONUTF8 PYTHONIOENCODING
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
    SSL_CERT_FILE SSL_CERT_DIR NIX_SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS
""")
"""Variables that any program needs: paths, language, network."""

TOOLS = _listed("""
    # Where AWS is and how to call it. An identity is never kept: keys, profiles, their files, roles, web identity.
    AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_ENDPOINT_URL_* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
    AWS_CA_BUNDLE AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_STS_REGIONAL_ENDPOINTS
    AWS_RETRY_MODE AWS_MAX_ATTEMPTS AWS_POLL_DELAY_SECONDS AWS_EC2_METADATA_DISABLED

    # Terraform. TF_VAR_* and TF_CLI_ARGS* are left out: they would change a release from one machine to the next.
    CHECKPOINT_DISABLE TERRAFORM_CONFIG TF_CLI_CONFIG_FILE TF_IN_AUTOMATION TF_LOG TF_LOG_* TF_REGISTRY_*
    TF_PLUGIN_CACHE_DIR TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE GODEBUG GOMAXPROCS GOMEMLIMIT

    # Helm, kubectl and chart registries. HELM_KUBE* is left out: it would choose another cluster or user.
    HELM_CACHE_HOME HELM_CONFIG_HOME HELM_DATA_HOME HELM_PLUGINS HELM_REGISTRY_CONFIG HELM_REPOSITORY_*
    HELM_DRIVER HELM_MAX_HISTORY HELM_BURST_LIMIT HELM_QPS HELM_DEBUG
    KUBECONFIG KUBECACHEDIR KUSTOMIZE_PLUGIN_HOME DOCKER_CONFIG DOCKER_HOST

    # Ansible, Packer, git and their ssh.
    ANSIBLE_* PACKER_* SSH_AUTH_SOCK
    GIT_SSH GIT_SSH_COMMAND GIT_SSL_CAINFO GIT_TERMINAL_PROMPT
    GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM
""")
"""Variables that the tools need and that grant no identity."""

_SECRET = re.compile(r"(TOKEN|PASSWORD|PASSPHRASE|SECRET|_KEY|CONNECTION_STRING)$", re.IGNORECASE)
"""Names that no wildcard above keeps (PACKER_GITHUB_API_TOKEN); one in `FLOWMART_KEEP_VARIABLES` does."""


def kept(environ: Mapping[str, str], names: Iterable[str] = (*SYSTEM, *TOOLS)) -> dict[str, str]:
    """Return the variables of `environ` that a program may see: those in `names`, and those that the setting adds.

    Args:
        environ: the environment of this process, including the setting `FLOWMART_KEEP_VARIABLES`.
        names: names of variables, or prefixes with a wildcard (`LC_*`).
    """
    listed, added = _matching(names), _matching(environ.get(KEEP, "").replace(",", " ").split())
    return {
        name: value
        for name, value in environ.items()
        if (listed.fullmatch(name) and not _SECRET.search(name)) or added.fullmatch(name)
    }


def may_be_handed_on(name: str) -> bool:
    """Tell whether the operator allows platform.yaml to pass the variable of that name to tools (`SECRETS`)."""
    return bool(_matching(os.environ.get(SECRETS, "").replace(",", " ").split()).fullmatch(name))


def of_this_process(names: Iterable[str]) -> dict[str, str]:
    """Return the variables of this process among `names` (with wildcards), for the one program that needs them."""
    listed = _matching(names)
    return {name: value for name, value in os.environ.items() if listed.fullmatch(name)}


def left_out(environ: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the names in `environ` that match `names` (with wildcards) and that no program sees, sorted."""
    listed, seen = _matching(names), kept(environ)
    return tuple(sorted(name for name in environ if listed.fullmatch(name) and name not in seen))


def _matching(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name).replace(r"\*", ".*") for name in names) or "(?!)")
