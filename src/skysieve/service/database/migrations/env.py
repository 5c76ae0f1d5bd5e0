"""Runs revisions on the connection that `skysieve.service.database.migrate` gives."""

from __future__ import annotations

from alembic import context

from skysieve.service.database.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
