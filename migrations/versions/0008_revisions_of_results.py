"""Remember which revisions of the engine and of the reader results are of.

Revision 0008, after 0007. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the rows that there are, and those that older processes still write, are of revision 1."""
    for table, column in (("experiments", "engine_revision"), ("datasets", "reader_revision")):
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("datasets", "reader_revision")
    op.drop_column("experiments", "engine_revision")
