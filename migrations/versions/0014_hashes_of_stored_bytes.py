"""Keep hashes of resume states and of arrays, so that damage is noticed.

Revision 0014, after 0013. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is stored already has no hash, and is believed."""
    for table in ("resume_states", "dataset_arrays"):
        op.add_column(table, sa.Column("sha256", sa.String()))


def downgrade() -> None:
    """Drop them."""
    for table in ("dataset_arrays", "resume_states"):
        op.drop_column(table, "sha256")
