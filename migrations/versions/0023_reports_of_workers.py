"""Keep what workers report of their hosts, and how often an engine was replaced, for /metrics.

Revision 0023, after 0022. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "worker_hosts",
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flushes", sa.BigInteger(), nullable=False),
        sa.Column("flush_seconds", sa.Double(), nullable=False),
        sa.Column("replacements", sa.BigInteger(), nullable=False),
        sa.Column("cache_bytes", sa.BigInteger(), nullable=False),
        sa.Column("idle_bytes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hostname", name=op.f("pk_worker_hosts")),
    )
    op.add_column(
        "engines", sa.Column("restarts", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("engines", "restarts")
    op.drop_table("worker_hosts")
