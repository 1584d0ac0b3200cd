"""Keep how much has been read for each owner, and which data sets are being read.

Revision 0020, after 0019. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


_SHARED = sa.text("shared")


def upgrade() -> None:
    """Add the columns: nothing has been read yet. Shared data sets get an index that is searched, not scanned."""
    op.drop_index("ix_datasets_shared", "datasets")
    op.create_index("ix_datasets_shared_created_at_id", "datasets", ["shared", "created_at", "id"])
    op.add_column("datasets", sa.Column("reading_since", sa.DateTime(timezone=True)))
    for name in ("reading_tag", "reading_start"):
        column = sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        op.add_column("owner_usage", column)
    op.create_index("ix_owner_usage_reading_start", "owner_usage", ["reading_start"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_owner_usage_reading_start", "owner_usage")
    op.drop_column("owner_usage", "reading_start")
    op.drop_column("owner_usage", "reading_tag")
    op.drop_column("datasets", "reading_since")
    op.drop_index("ix_datasets_shared_created_at_id", "datasets")
    op.create_index(
        "ix_datasets_shared",
        "datasets",
        ["created_at", "id"],
        sqlite_where=_SHARED,
        postgresql_where=_SHARED,
    )
