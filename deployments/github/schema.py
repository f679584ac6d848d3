"""The inbox's tables. Each version is an upgrade of the one before.

`once` identifies what must be acted on only once, even if several deliveries bring it. `author` is the person who
requested it, if that needs permission. `ended` means that a flow run has ended and what it left open on GitHub was
closed. `tally` counts the outcomes of deliveries, including those deleted since; triggers update it.
`acknowledgement` counts responses by how long GitHub waited: up to `bound` seconds, and `seconds` in total.
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
    """
CREATE TABLE tally (event TEXT, state TEXT, count INTEGER NOT NULL, PRIMARY KEY (event, state));
INSERT INTO tally SELECT event, state, count(*) FROM delivery WHERE state <> 'received' GROUP BY event, state;
CREATE TRIGGER tally_new AFTER INSERT ON delivery WHEN new.state <> 'received' BEGIN
    INSERT INTO tally VALUES (new.event, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1; END;
CREATE TRIGGER tally_changed AFTER UPDATE OF state ON delivery
    WHEN new.state <> old.state AND new.state <> 'received' BEGIN
    INSERT INTO tally VALUES (new.event, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1; END
""",
    "CREATE TABLE acknowledgement (bound REAL PRIMARY KEY, count INTEGER NOT NULL, seconds REAL NOT NULL)",
)
