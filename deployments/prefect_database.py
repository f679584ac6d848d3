"""Creates the database of a new Prefect server from a schema file, which saves the six seconds of its migrations.

`prefect_schema.sql` is the result of those migrations. `python -m deployments.prefect_database` regenerates it for
another version of Prefect. It is used only with the version that it was made with. With any other version, Prefect
migrates an empty database itself.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

SCHEMA = Path(__file__).with_name("prefect_schema.sql")


def prepare(home: Path, schema: Path = SCHEMA) -> bool:
    """Create the database in `home` (PREFECT_HOME) if there is none.

    Returns:
        Whether it was created; False also if the schema is for another version of Prefect.
    """
    database, script = home / "prefect.db", schema.read_text()
    if database.exists() or not script.startswith(_mark()):
        return False
    home.mkdir(parents=True, exist_ok=True)
    unfinished = home / "prefect.db.new"
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with closing(sqlite3.connect(unfinished)) as connection:
        connection.executescript(script)
    unfinished.rename(database)
    return True


def migrated() -> str:
    """Return the schema that the installed Prefect's migrations create, as SQL, marked with Prefect's version."""
    with tempfile.TemporaryDirectory() as home:
        own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment = own | {"PREFECT_HOME": home}
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
        with closing(sqlite3.connect(Path(home) / "prefect.db")) as connection:
            return _mark() + "\n".join(connection.iterdump()) + "\n"


def _mark() -> str:
    return f"-- Prefect {version('prefect')}\n"


if __name__ == "__main__":
    SCHEMA.write_text(migrated())
