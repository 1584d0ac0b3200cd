"""Remember which bytes something has let go of, so that nobody searches all of them.

Revision 0010, after 0009. Made on 2026-12-01.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STORED = {"upload": ("dataset_uploads", "dataset_id"), "version": ("dataset_arrays", "version")}


def upgrade() -> None:
    """Create the table, with everything in it that there is: the sweeper leaves what is used alone."""
    op.create_table(
        "leftovers",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_leftovers"),
    )
    for kind, (table, column) in _STORED.items():
        found: Any = sa.select(sa.literal(kind), sa.column(column)).select_from(sa.table(table)).distinct()
        leftovers = sa.table("leftovers", sa.column("kind"), sa.column("id"))
        op.execute(sa.insert(leftovers).from_select(["kind", "id"], found))


def downgrade() -> None:
    """Drop it; an older version finds the bytes by itself."""
    op.drop_table("leftovers")
