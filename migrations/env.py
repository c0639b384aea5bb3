"""Alembic's entry: always on a connection that is already open (see sync/store/schema.py)."""

from alembic import context

from sync.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
