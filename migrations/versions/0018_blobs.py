"""Keep large contents once, in pieces that are written and removed a few at a time.

Revision 0018, after 0017. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_REFERRING = ("checkpoints", "resume_states")


def upgrade() -> None:
    """Create the tables; what is stored already stays where it is, and is read from there."""
    op.create_table(
        "blobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
    )
    being_written = sa.text("stored_at IS NULL")
    op.create_index(
        "ix_blobs_being_written", "blobs", ["id"], sqlite_where=being_written, postgresql_where=being_written
    )
    op.create_table(
        "blob_pieces",
        sa.Column("blob_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "position", name="pk_blob_pieces"),
    )
    for table in _REFERRING:
        op.add_column(table, sa.Column("blob_id", sa.String()))
        op.create_index(f"ix_{table}_blob_id", table, ["blob_id"])


def downgrade() -> None:
    """Write every checkpoint and state out again, as older versions read them."""
    op.execute(
        "INSERT INTO checkpoint_chunks (experiment_id, kind, position, content) "
        "SELECT checkpoints.experiment_id, checkpoints.kind, blob_pieces.position, blob_pieces.content "
        "FROM checkpoints JOIN blob_pieces ON blob_pieces.blob_id = checkpoints.blob_id"
    )
    # Out of the way of the pieces, whose positions begin with 0.
    op.execute("UPDATE resume_states SET position = -1 WHERE blob_id IS NOT NULL")
    op.execute(
        "INSERT INTO resume_states (experiment_id, position, epoch, content) "
        "SELECT resume_states.experiment_id, blob_pieces.position, resume_states.epoch, blob_pieces.content "
        "FROM resume_states JOIN blob_pieces ON blob_pieces.blob_id = resume_states.blob_id"
    )
    op.execute("DELETE FROM resume_states WHERE blob_id IS NOT NULL")
    op.execute("DELETE FROM leftovers WHERE kind = 'blob'")
    for table in reversed(_REFERRING):
        op.drop_index(f"ix_{table}_blob_id", table)
        op.drop_column(table, "blob_id")
    op.drop_table("blob_pieces")
    op.drop_table("blobs")
