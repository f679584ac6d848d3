"""The variables that point the product, its tools and Prefect at the sandbox, and the file that holds them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from deployments.sandbox import accounts
from deployments.sandbox.accounts import Accounts
from deployments.sandbox.layout import SandboxLayout
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform
from tasks.tool_environment import KEEP

_KEPT = ("PKR_VAR_*", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
"""Names of profile variables that tools must see too. The last two keep tools away from the user's ~/.aws."""


def variables(
    layout: SandboxLayout, endpoint: str, prefect_url: str | None, known: Accounts, platform: Platform
) -> dict[str, str]:
    """Return the variables of the parts that every sandbox has.

    Args:
        layout: the sandbox's folders.
        endpoint: the URL of its AWS.
        prefect_url: the URL of its Prefect server; None if it has none.
        known: the accounts of its AWS.
        platform: whose home region is the default one.
    """
    return {
        **_aws_variables(layout, endpoint, known, accounts.home_of(platform).region),
        **_tool_variables(layout, endpoint),
        **_prefect_variables(layout, prefect_url),
        "FLOWMART_STORE": str(layout.store),
    }


def write(layout: SandboxLayout, given: Mapping[str, str]) -> None:
    """Write the variables to the file that every command reads, for its owner only.

    Raises:
        InvalidInput: the sandbox's path has a quote or a line break, which the file cannot express.
    """
    for value in given.values():
        if "'" in value or "\n" in value:
            raise InvalidInput(f"{layout.root}: the sandbox needs a path without quotes and line breaks; move it")
    layout.profile.touch(mode=0o600)
    layout.profile.write_text("".join(f"{name}='{value}'\n" for name, value in given.items()))


def _aws_variables(layout: SandboxLayout, endpoint: str, known: Accounts, region: str) -> dict[str, str]:
    nowhere = str(layout.folder / "no-such-file")
    direct = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost"]))
    return {
        "AWS_ACCESS_KEY_ID": known.operator.id,
        "AWS_SECRET_ACCESS_KEY": known.operator.secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        # Nothing in the user's ~/.aws may apply here.
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def _tool_variables(layout: SandboxLayout, endpoint: str) -> dict[str, str]:
    return {
        "CHECKPOINT_DISABLE": "1",
        "PKR_VAR_ec2_endpoint": endpoint,
        KEEP: ",".join(filter(None, [os.environ.get(KEEP), *_KEPT])),
        # Packer polls every 15 seconds by default, but resources are ready at once here.
        "AWS_POLL_DELAY_SECONDS": "1",
        # On a machine where hosts cannot run, ssh never responds.
        "PKR_VAR_ssh_timeout": "20s",
        "KUBECONFIG": str(layout.kubeconfig),
    }


def _prefect_variables(layout: SandboxLayout, prefect_url: str | None) -> dict[str, str]:
    if not prefect_url:
        return {}
    return {"PREFECT_API_URL": f"{prefect_url}/api", "PREFECT_HOME": str(layout.prefect_home)}
