"""Which of our own environment variables a program that we start may see: a list of what is kept, nothing else.

A plan runs the code of whoever wrote the pull request. So a tool gets the variables listed here and those that a run
hands it (the credentials of one environment's role), and nothing that grants another identity: no keys or profiles of
ours, no access to GitHub, Prefect, a database or a notification service.

`FLOWMART_KEEP_VARIABLES` adds names, for what a platform's tools need besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

KEEP = "FLOWMART_KEEP_VARIABLES"
"""Setting: more names to keep, by commas or spaces. A name may end in `*`: all that begin like this."""


def _listed(text: str) -> tuple[str, ...]:
    """The words of a text, without its comments."""
    return tuple(word for line in text.splitlines() for word in line.partition("#")[0].split())


SYSTEM = _listed("""
    PATH HOME USER LOGNAME SHELL TMPDIR XDG_* LD_LIBRARY_PATH
    LANG LANGUAGE LC_* LOCALE_ARCHIVE TZ TZDIR TERM COLUMNS NO_COLOR PYTHONUTF8 PYTHONIOENCODING
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
    SSL_CERT_FILE SSL_CERT_DIR NIX_SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS
""")
"""What any program needs: where things are, its language, how the network is reached."""

TOOLS = _listed("""
    # Where AWS is and how to ask it. Who asks is never kept: keys, profiles, files of both, roles, web identity.
    AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_ENDPOINT_URL_* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
    AWS_CA_BUNDLE AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_STS_REGIONAL_ENDPOINTS
    AWS_RETRY_MODE AWS_MAX_ATTEMPTS AWS_POLL_DELAY_SECONDS AWS_EC2_METADATA_DISABLED

    # Terraform. TF_VAR_* and TF_CLI_ARGS* would change what a release means from one machine to the next.
    CHECKPOINT_DISABLE TERRAFORM_CONFIG TF_CLI_CONFIG_FILE TF_IN_AUTOMATION TF_LOG TF_LOG_* TF_REGISTRY_*
    TF_PLUGIN_CACHE_DIR TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE GODEBUG GOMAXPROCS GOMEMLIMIT

    # Helm, kubectl and registries of charts. HELM_KUBE* would choose another cluster or user.
    HELM_CACHE_HOME HELM_CONFIG_HOME HELM_DATA_HOME HELM_PLUGINS HELM_REGISTRY_CONFIG HELM_REPOSITORY_*
    HELM_DRIVER HELM_MAX_HISTORY HELM_BURST_LIMIT HELM_QPS HELM_DEBUG
    KUBECONFIG KUBECACHEDIR KUSTOMIZE_PLUGIN_HOME DOCKER_CONFIG DOCKER_HOST

    # Ansible, Packer, git and the ssh that they use.
    ANSIBLE_* PACKER_* SSH_AUTH_SOCK
    GIT_SSH GIT_SSH_COMMAND GIT_SSL_CAINFO GIT_TERMINAL_PROMPT
    GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM
""")
"""What the tools need besides, and what grants no identity."""

_SECRET = re.compile(r"(TOKEN|PASSWORD|PASSPHRASE|SECRET|_KEY|CONNECTION_STRING)$", re.IGNORECASE)
"""Names that a pattern of ours never keeps (PACKER_GITHUB_API_TOKEN); one of `FLOWMART_KEEP_VARIABLES` does."""


def kept(environ: Mapping[str, str], names: Iterable[str] = (*SYSTEM, *TOOLS)) -> dict[str, str]:
    """The variables of `environ` that a program may see: those in `names`, and those that the setting adds.

    Args:
        environ: Our own environment, the setting `FLOWMART_KEEP_VARIABLES` included.
        names: Variables by name, or by how they begin (`LC_*`).
    """
    ours, theirs = _matching(names), _matching(environ.get(KEEP, "").replace(",", " ").split())
    return {
        name: value
        for name, value in environ.items()
        if (ours.fullmatch(name) and not _SECRET.search(name)) or theirs.fullmatch(name)
    }


def _matching(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name).replace(r"\*", ".*") for name in names) or "(?!)")
