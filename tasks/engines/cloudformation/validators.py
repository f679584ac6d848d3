"""Run cfn-lint on a unit's template: https://github.com/aws-cloudformation/cfn-lint."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.cloudformation.documents import template_file
from tasks.engines.cloudformation.options import CloudFormationOptions

_CAME_TO_A_RESULT = tuple(range(0, 32, 2))
"""Exit codes of a completed check: a sum of bits, of which 1 is an internal failure (README, "Exit Codes")."""


def lint(workspace: Workspace) -> Iterator[Finding]:
    """Yield cfn-lint's findings for the template in the unit's region, without its informational rules."""
    argv = [
        "cfn-lint",
        template_file(workspace.folder, workspace.options(CloudFormationOptions).template).name,
        "--format",
        "json",
        "--regions",
        workspace.environment.region,
    ]
    finished = validation.run(workspace, argv, good=_CAME_TO_A_RESULT)
    for each in validation.parsed(finished, argv[0]):
        if each["Level"] != "Informational":
            yield Finding(
                rule=each["Rule"]["Id"],
                message=each["Message"],
                file=validation.relative(workspace, each["Filename"]),
                line=each["Location"]["Start"]["LineNumber"],
                error=each["Level"] == "Error",
            )


VALIDATORS = {"cfn-lint": Validator(lint, "cfn-lint", Level.DENY)}
