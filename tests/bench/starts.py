"""`python -m tests.bench.starts`: what commands cost that only look, beside `import prefect`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.costs import FLOWMART, import_of_prefect, least, without_ours
from tests.bench.measures import Measure, table
from tests.faults.at_once import NOWHERE
from tests.platforms.mini import MiniPlatform

WANTED = 0.1
COMPLETION = {"_FLOWMART_COMPLETE": "complete_bash", "COMP_WORDS": "flowmart pro", "COMP_CWORD": "1"}


def measured() -> Iterator[Measure]:
    """A row for each command, in a platform without a history."""
    bare = import_of_prefect()
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
        mini = MiniPlatform(Path(folder))
        mini.commit()
        variables = {
            **without_ours(),
            "FLOWMART_PROFILE": "none",
            "FLOWMART_REPOSITORY": str(mini.repository),
            "PREFECT_API_URL": NOWHERE,
        }
        commands = {"--help": ["--help"], "status": ["status"], "history": ["history", "dev"]}
        for name, arguments in commands.items():
            yield Measure(
                f"flowmart {name} / import prefect", least([*FLOWMART, *arguments], variables), bare, WANTED
            )
        completed = least(FLOWMART, {**variables, **COMPLETION})
        yield Measure("completion / import prefect", completed, bare, WANTED)


if __name__ == "__main__":
    print("\n".join(table(measured(), {})))
