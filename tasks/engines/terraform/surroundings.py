"""The environment variables that every command of the tool gets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FIXED = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
_CONFIGURATION = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")


def fixed(around: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with a fixed value.

    A variable that names a missing CLI configuration file is emptied. Otherwise OpenTofu prints a warning to standard
    output, before the JSON.

    Args:
        around: all variables that the tool would get.
    """
    missing = [name for name in _CONFIGURATION if around.get(name) and not Path(around[name]).is_file()]
    return _FIXED | dict.fromkeys(missing, "")
