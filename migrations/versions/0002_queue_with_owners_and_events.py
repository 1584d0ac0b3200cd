"""Give the queue owners, priorities and cohorts, and experiments their events.

Revision 0002, after 0001. Made on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("owner", "priority", "time_limit_seconds", "cohort", "pause_requested", "last_event")

QUEUES = (
    ("ix_experiments_queue", ["status", "owner"], "finished_at IS NULL"),
    ("ix_experiments_queue_of_cohort", ["cohort", "owner"], "status = 'queued' AND losses = 0"),
)


def upgrade() -> None:
    """Add the columns, the indexes of the queue, and the table of events."""
    # The defaults are what the rows that there are already get.
    for column in (
        sa.Column("owner", sa.String(), nullable=False, server_default="local"),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("time_limit_seconds", sa.Double()),
        sa.Column("cohort", sa.String()),
        sa.Column("pause_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("last_event", sa.BigInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("experiments", column)
    for name, columns, condition in QUEUES:
        where = sa.text(condition)
        in_order = [*columns, "priority", "created_at", "id"]
        op.create_index(name, "experiments", in_order, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "experiment_events",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "sequence", name="pk_experiment_events"),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name="fk_experiment_events_experiment_id_experiments",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them; events, owners and priorities are lost."""
    op.drop_table("experiment_events")
    for name, *_ in QUEUES:
        op.drop_index(name, "experiments")
    for name in reversed(COLUMNS):
        op.drop_column("experiments", name)
