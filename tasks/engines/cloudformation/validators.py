"""Run cfn-lint on a unit's templates: https://github.com/aws-cloudformation/cfn-lint.

Its configuration is the nearest .cfnlintrc in the release, from the unit's folder upwards. cfn-lint itself would also
take one of the machine's user, with which every machine might find something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.cloudformation import packaging
from tasks.engines.cloudformation.documents import template_file
from tasks.engines.cloudformation.options import CloudFormationOptions

_CAME_TO_A_RESULT = tuple(range(0, 32, 2))
"""Exit codes of a completed check: a sum of bits, of which 1 is an internal failure (README, "Exit Codes")."""

_PACKAGED = "W3002"
"""The rule against local paths without `aws cloudformation package`: an apply does what that command does."""

_CONFIGURATIONS = (".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml")


def lint(workspace: Workspace) -> Iterator[Finding]:
    """Yield cfn-lint's findings for the template and those nested in it, without its informational rules."""
    argv = [
        "cfn-lint",
        *_templates(workspace),
        "--format",
        "json",
        "--regions",
        workspace.environment.region,
        "--config-file",
        _configuration(workspace),
        # A configuration may name another file, or none.
        "--output-file",
        "/dev/stdout",
    ]
    finished = validation.run(workspace, argv, good=_CAME_TO_A_RESULT)
    for each in validation.parsed(finished, argv[0]):
        # A finding without a file is about no template at all: the configuration ignores them.
        if each["Level"] != "Informational" and each["Filename"] and each["Rule"]["Id"] != _PACKAGED:
            yield Finding(
                rule=each["Rule"]["Id"],
                message=each["Message"],
                file=validation.relative(workspace, each["Filename"]),
                line=each["Location"]["Start"]["LineNumber"],
                error=each["Level"] == "Error",
            )


def _templates(workspace: Workspace) -> list[str]:
    """Return the templates as paths from the unit's folder, the unit's own first."""
    own = template_file(workspace.folder, workspace.options(CloudFormationOptions).template).resolve()
    nested = packaging.templates(own, workspace.infrastructure.resolve()) - {own}
    return [os.path.relpath(file, workspace.folder.resolve()) for file in (own, *sorted(nested))]


def _configuration(workspace: Workspace) -> str:
    root = workspace.infrastructure.resolve()
    folder = workspace.folder.resolve()
    for place in (folder, *folder.parents):
        if not place.is_relative_to(root):
            break
        if found := next((place / name for name in _CONFIGURATIONS if (place / name).is_file()), None):
            return str(found)
    return os.devnull


VALIDATORS = {"cfn-lint": Validator(lint, "cfn-lint", Level.DENY)}
