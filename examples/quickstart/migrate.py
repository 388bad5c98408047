"""Applies the migrations that are pending, in order, all or none.

Run twice, it does nothing the second time. A migration that was changed after
it was applied is an error: what has happened is corrected by a new one.
"""

import hashlib
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent


class MigrationError(Exception):
    """A migration that cannot be applied, and why."""


def statements(sql):
    """The statements of a script, one at a time."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def migrate(database, folder):
    """Brings `database` up to date and returns the names of what was applied."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        # Readers go on while the old version and the new one both write.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            applied = apply_pending(connection, sorted(folder.glob("*.sql")))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return applied


def apply_pending(connection, files):
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)"
    )
    done = dict(connection.execute("SELECT name, sha256 FROM migrations"))
    applied = []
    for file in files:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        if file.name not in done:
            apply_one(connection, file)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (file.name, sha256))
            applied.append(file.name)
        elif done[file.name] != sha256:
            raise MigrationError(f"{file.name} was changed after it was applied: add a new file")
    return applied


def apply_one(connection, file):
    try:
        for statement in statements(file.read_text("utf-8")):
            connection.execute(statement)
    except sqlite3.Error as error:
        raise MigrationError(f"{file.name}: {error}") from error


def main():
    data = Path(os.environ.get("SHIPWAY_DATA") or HERE / "data").resolve()
    try:
        applied = migrate(data / "visits.db", HERE / "migrations")
    except (MigrationError, sqlite3.Error, OSError) as error:
        print(f"nothing was migrated: {error}", file=sys.stderr)
        return 1
    print(f"applied {', '.join(applied)}" if applied else "nothing to apply")
    return 0


if __name__ == "__main__":
    sys.exit(main())
