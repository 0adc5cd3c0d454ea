"""Alembic's entry: runs on the connection that `monitor.store.migrate` opened and locked."""

from __future__ import annotations

from alembic import context

from monitor.store.tables import metadata

# SQLite's and PostgreSQL's table changes are part of the transaction that `migrate` commits
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
