"""Let the bytes of an upload outlive its data set, until they are swept up.

Revision 0007, after 0006. Made on 2026-11-28.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = "fk_dataset_uploads_dataset_id_datasets"


def upgrade() -> None:
    """Take the reference from each piece to its data set away: it would delete all of them in one transaction."""
    with op.batch_alter_table("dataset_uploads") as table:
        table.drop_constraint(_KEY, type_="foreignkey")


def downgrade() -> None:
    """Put it back, without the pieces that nothing refers to."""
    op.execute("DELETE FROM dataset_uploads WHERE dataset_id NOT IN (SELECT id FROM datasets)")
    with op.batch_alter_table("dataset_uploads") as table:
        table.create_foreign_key(_KEY, "datasets", ["dataset_id"], ["id"], ondelete="CASCADE")
