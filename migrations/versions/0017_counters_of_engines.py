"""Count what goes wrong in an engine, for /metrics.

Revision 0017, after 0016. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_COUNTERS = ("lease_expiries", "worker_losses")


def upgrade() -> None:
    """Add the columns."""
    for name in _COUNTERS:
        op.add_column(
            "engines", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )


def downgrade() -> None:
    """Drop them."""
    for name in reversed(_COUNTERS):
        op.drop_column("engines", name)
