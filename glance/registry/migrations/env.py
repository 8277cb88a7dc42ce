"""
What Alembic runs: it brings the database of the connection that
L{glance.registry.migrate.sync} has opened from one version to another.
"""

from __future__ import annotations

from alembic import context

from glance.registry.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
