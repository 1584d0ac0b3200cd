"""Let the dispatcher ask for a dispatch back, and the API know what a worker's memory is limited to.

Revision 0013, after 0012. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("engines", sa.Column("worker_memory_bytes", sa.BigInteger()))
    op.add_column(
        "experiments",
        sa.Column("hand_back_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("experiments", "hand_back_requested")
    op.drop_column("engines", "worker_memory_bytes")
