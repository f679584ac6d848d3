"""`python -m tests.doubles.broken_scheduler server start ...`: Prefect with a scheduler that fails on every turn.

It fails where SQLAlchemy 2.1 made it fail: when it inserts the runs that it has planned. Its turns are five seconds
long, not a minute.
"""

import os
from typing import Any, NoReturn

# Prefect reads this when it is imported.
os.environ["PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS"] = "5"

from prefect.cli import app
from prefect.server.models import deployments


async def refuse(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("the test refuses to insert runs")


if __name__ == "__main__":
    deployments._insert_scheduled_flow_runs = refuse
    app()
