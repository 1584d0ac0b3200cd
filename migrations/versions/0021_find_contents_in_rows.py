"""Find the large contents that older versions stored in rows, so that they can be moved to blobs.

Revision 0021, after 0020. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the indexes; a running engine moves the contents."""
    for name, table, columns, condition in (
        (
            "ix_checkpoints_in_rows",
            "checkpoints",
            ["experiment_id", "kind"],
            "blob_id IS NULL AND bytes > 65536",
        ),
        (
            "ix_resume_states_in_rows",
            "resume_states",
            ["experiment_id", "position"],
            "blob_id IS NULL AND (position > 0 OR length(content) > 65536)",
        ),
    ):
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop the indexes, and the rows of moved contents that are not swept yet."""
    op.execute(
        "DELETE FROM checkpoint_chunks WHERE EXISTS (SELECT 1 FROM checkpoints "
        "WHERE checkpoints.experiment_id = checkpoint_chunks.experiment_id "
        "AND checkpoints.kind = checkpoint_chunks.kind AND checkpoints.blob_id IS NOT NULL)"
    )
    op.execute(
        "DELETE FROM resume_states WHERE position > 0 AND experiment_id IN "
        "(SELECT experiment_id FROM resume_states WHERE position = 0 AND blob_id IS NOT NULL)"
    )
    op.execute("DELETE FROM leftovers WHERE kind IN ('chunks', 'state')")
    op.drop_index("ix_resume_states_in_rows", "resume_states")
    op.drop_index("ix_checkpoints_in_rows", "checkpoints")
