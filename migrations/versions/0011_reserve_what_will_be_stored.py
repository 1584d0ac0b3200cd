"""Reserve the bytes that experiments and uploads will store, and keep their sum by owner.

Revision 0011, after 0010. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STORED = """
    UPDATE experiments SET reserved_bytes =
        (SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM checkpoints WHERE experiment_id = experiments.id)
"""
# Two checkpoints in double precision, with batch normalization, and their headers.
UNFINISHED = """
    UPDATE experiments SET reserved_bytes = 2 * (24 * CAST(parameters AS BIGINT) + 65536) WHERE finished_at IS NULL
"""
USAGE = """
    INSERT INTO owner_usage (owner, experiment_bytes)
    SELECT owner, CAST(sum(reserved_bytes) AS BIGINT) FROM experiments GROUP BY owner
"""


def upgrade() -> None:
    """Add the columns and the sums; what has not ended reserves the most that it can take."""
    for table in ("experiments", "datasets"):
        column = sa.Column("reserved_bytes", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        op.add_column(table, column)
    op.create_table(
        "owner_usage",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("experiment_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_owner_usage"),
    )
    for statement in (STORED, UNFINISHED, USAGE):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("owner_usage")
    for table in ("datasets", "experiments"):
        op.drop_column(table, "reserved_bytes")
