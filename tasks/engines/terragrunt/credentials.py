"""Choose the credentials for a unit that sets a role or a command of its own.

A Terragrunt repository names one role for everything (`iam_role`), or a command that prints credentials. But a
FlowMart plan must only read. So the block `terragrunt` names one role for plans and one for applies, in place of
`iam_role`. A command learns from `FLOWMART_PURPOSE` which of the two it is for:

    environment's credentials ──▶ auth_provider_cmd ──▶ iam_roles ──▶ Terraform
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from tasks import aws
from tasks.domain.errors import Refused
from tasks.domain.platform import Purpose
from tasks.engines.base import Variables, Workspace
from tasks.engines.terragrunt.answers import Configuration
from tasks.engines.terragrunt.options import TerragruntOptions
from tasks.processes import Command

PURPOSE = "FLOWMART_PURPOSE"
"""The variable that says to the command what the credentials are for: plan or apply."""

_ROLE = "TG_IAM_ASSUME_ROLE"
"""With this variable, Terragrunt assumes another role than its configuration names."""
_KEYS = {
    "AWS_ACCESS_KEY_ID": "ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY": "SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN": "SESSION_TOKEN",
}


def given(workspace: Workspace) -> Workspace:
    """Return the workspace with the unit's own credentials, in the variables that Terragrunt reads."""
    chosen = workspace.options(TerragruntOptions)
    if not (chosen.iam_roles or chosen.auth_provider_cmd):
        return workspace
    reading = _variables(workspace, chosen, "plan", workspace.reading)
    return replace(workspace, reading=reading, writing=_variables(workspace, chosen, "apply", workspace.writing))


def without_terragrunt(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for Terraform that runs directly, with the role assumed: Terragrunt cannot do it there.

    Raises:
        Refused: the role may not be assumed.
        Unanswered: AWS did not respond.
    """
    kept = dict(variables)
    role = kept.pop(_ROLE, "")
    return kept | _assumed(kept, role) if role else kept


def fault(workspace: Workspace, configuration: Configuration) -> str:
    """Return why a unit's own role is not allowed; empty if it has none, or `iam_roles` replaces it."""
    if not configuration.iam_role or workspace.options(TerragruntOptions).iam_roles:
        return ""
    return (
        f"it sets iam_role {configuration.iam_role}, and a plan may not have a role that writes: "
        "name a role each for plan and apply by iam_roles in the block terragrunt, or remove it"
    )


def warnings(workspace: Workspace, configuration: Configuration) -> Iterator[str]:
    """Tell the approver which roles replace the unit's own."""
    roles = workspace.options(TerragruntOptions).iam_roles
    if roles and configuration.iam_role:
        yield f"its iam_role {configuration.iam_role} is not used: {roles.plan} plans, {roles.apply} applies"


def _variables(workspace: Workspace, chosen: TerragruntOptions, purpose: Purpose, base: Variables) -> Variables:
    roles = chosen.iam_roles
    role = "" if roles is None else roles.plan if purpose == "plan" else roles.apply

    @cache
    def answer() -> Mapping[str, str]:
        return _of_command(workspace, chosen.auth_provider_cmd, {**base(), PURPOSE: purpose})

    def variables() -> Mapping[str, str]:
        more = answer() if chosen.auth_provider_cmd else {}
        return {**base(), **more, **({_ROLE: role} if role else {})}

    return variables


def _of_command(workspace: Workspace, command: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Run a command, and return its credentials. Terragrunt's format: `envs`, and `awsCredentials` or `awsRole`."""
    finished = workspace.processes.run(
        Command(tuple(shlex.split(command)), workspace.folder, variables, workspace.unit.time_limit)
    )
    told = f"{workspace.unit.source}: auth_provider_cmd {command}"
    if finished.exit_code != 0:
        raise Refused(f"{told} failed with {finished.exit_code}: {finished.stderr.strip()[-500:]}")
    try:
        answer: dict[str, Any] = json.loads(finished.stdout)
        own = {str(name): str(value) for name, value in (answer.get("envs") or {}).items()}
        keys, role = answer.get("awsCredentials") or {}, (answer.get("awsRole") or {}).get("roleARN")
        own |= {name: str(keys[key]) for name, key in _KEYS.items() if key in keys}
    except (ValueError, AttributeError) as error:
        raise Refused(f"{told} prints no JSON with envs, awsCredentials or awsRole: correct it") from error
    return own if keys or not role else own | _assumed({**variables, **own}, role)


def _assumed(variables: Mapping[str, str], role: str) -> dict[str, str]:
    with aws.asking(f"assume {role}"):
        sts = aws.client_with("sts", variables)
        found = sts.assume_role(RoleArn=role, RoleSessionName="flowmart-terragrunt")["Credentials"]
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return {variable: found[name] for variable, name in zip(_KEYS, names, strict=True)}
