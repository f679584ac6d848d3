"""platform.yaml, overrides.yaml and drift.yaml -> the frozen types of `tasks.model`.

`document` reads YAML and remembers lines. `declared` says what may be written; `explain` tells what is not of that
shape in the words of the file. `draft` keeps what has the right shape, so that the rules in `environments`,
`units` and `checks` find the mistakes of meaning in the same pass. `platform`, `overrides` and `suppressions` put it
together, `wiring` holds units against what they take and give, and `mistakes` makes one error of everything that was
found. What a check's options are is for `tasks.checks`, which engines there are for `tasks.engines`.
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
