"""The inbox's tables: each version is a step from the one before.

`once` names what is acted on once whatever deliveries bring it, `author` whose wish it is where not everybody may
wish, `ended` says that a flow run is over and that what it left open on GitHub was closed.
"""

from __future__ import annotations

STEPS = (
    """
CREATE TABLE delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    at REAL NOT NULL,
    changed REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'dispatched', 'ignored', 'refused', 'failed')),
    reason TEXT NOT NULL DEFAULT '',
    deployment TEXT NOT NULL DEFAULT '',
    parameters TEXT NOT NULL DEFAULT '{}',
    subject TEXT NOT NULL DEFAULT '',
    head TEXT NOT NULL DEFAULT '',
    moment REAL NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    again INTEGER NOT NULL DEFAULT 0,
    run TEXT NOT NULL DEFAULT ''
);
CREATE INDEX waiting ON delivery (number) WHERE state = 'received';
CREATE INDEX subjects ON delivery (subject, number) WHERE subject <> '';
CREATE TABLE sweep (repository TEXT PRIMARY KEY, at REAL NOT NULL)
""",
    """
ALTER TABLE delivery ADD COLUMN once TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN ended REAL NOT NULL DEFAULT 0;
CREATE INDEX acted_on_once ON delivery (once) WHERE once <> '';
CREATE TABLE repository (name TEXT PRIMARY KEY, number INTEGER NOT NULL)
""",
)
