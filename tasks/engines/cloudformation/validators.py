"""cfn-lint on a unit's template: https://github.com/aws-cloudformation/cfn-lint."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.cloudformation.documents import template_file
from tasks.engines.cloudformation.options import CloudFormationOptions

_CAME_TO_A_RESULT = tuple(range(0, 32, 2))
"""Its exit code is a sum of bits, of which 1 is a failure of its own (README, "Exit Codes")."""


def lint(workspace: Workspace) -> Iterator[Finding]:
    """What cfn-lint has against the template in the unit's region; its informational rules are left out."""
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
