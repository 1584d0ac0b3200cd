"""Let every owner train on a data set that is shared.

Revision 0015, after 0014. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SHARED = sa.text("shared")


def upgrade() -> None:
    """Add the flag, which no data set has yet, and an index of those that do."""
    op.add_column("datasets", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_datasets_shared",
        "datasets",
        ["created_at", "id"],
        sqlite_where=_SHARED,
        postgresql_where=_SHARED,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_datasets_shared", "datasets")
    op.drop_column("datasets", "shared")
