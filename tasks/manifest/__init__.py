"""platform.yaml, overrides.yaml and drift.yaml -> the frozen types of `tasks.domain`.

`document` reads YAML and remembers lines. `declared` defines the shape of the file, and `explain` describes what does
not have it in the words of the file. `draft` keeps what has the right shape, so that the rules in `environments`,
`units` and `checks` report mistakes of meaning in the same pass. `platform`, `overrides` and `suppressions` build the
types, `wiring` compares units with what they take and give, and `mistakes` makes one error of everything that was
found. `tasks.checks` defines the options of checks, `tasks.engines` the engines.
"""

from tasks.manifest.environments import unit_environment
from tasks.manifest.mistakes import day
from tasks.manifest.overrides import load_overrides
from tasks.manifest.paths import declared_in, root
from tasks.manifest.platform import FILE, load, resolve, terragrunt_block
from tasks.manifest.suppressions import load_suppressions
from tasks.manifest.terragrunt import TerragruntBlock
from tasks.manifest.wiring import refuse_miswired

__all__ = [
    "FILE",
    "TerragruntBlock",
    "day",
    "declared_in",
    "load",
    "load_overrides",
    "load_suppressions",
    "refuse_miswired",
    "resolve",
    "root",
    "terragrunt_block",
    "unit_environment",
]
