"""The environment variables that every command of the tool gets, whoever runs it and wherever."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FIXED = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
_CONFIGURATION = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")


def fixed(around: Mapping[str, str]) -> dict[str, str]:
    """What may not be otherwise, given all that the tool would get.

    A CLI configuration file that does not exist counts as none named: OpenTofu warns of it on standard output, before
    the JSON that it is asked for.
    """
    missing = [name for name in _CONFIGURATION if around.get(name) and not Path(around[name]).is_file()]
    return _FIXED | dict.fromkeys(missing, "")
