"""Parses platform.yaml, overrides.yaml and drift.yaml into the frozen types of `tasks.domain`.

`document` reads YAML and remembers line numbers. `declared` defines the shape of the file, and `explain` reports
violations of that shape in the terms of the file. `draft` keeps the entries with a correct shape, so that the rules
in `environments`, `units` and `checks` report mistakes of meaning in the same pass. `platform`, `overrides` and
`suppressions` build the types. `wiring` checks that the inputs and outputs of units fit together. `mistakes` combines
all mistakes into one error. `tasks.checks` defines the options of checks, `tasks.engines` the engines.
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
