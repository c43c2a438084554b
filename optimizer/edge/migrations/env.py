"""What Alembic runs: the steps go over the connection, and in the transaction, that `ledger_schema` hands over."""

from __future__ import annotations

from alembic import context

from optimizer.edge.ledger_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
