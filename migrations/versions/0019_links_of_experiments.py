"""Let a key show one experiment alone.

Revision 0019, after 0018. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_KEY = "fk_api_keys_experiment_id_experiments"


def upgrade() -> None:
    """Add the experiment that a key shows; keys of owners have none."""
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("experiment_id", sa.String()))
        table.create_foreign_key(_KEY, "experiments", ["experiment_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_api_keys_experiment_id", "api_keys", ["experiment_id"])


def downgrade() -> None:
    """Delete the links, which would be keys to everything of their owners, and drop the column."""
    op.execute(sa.text("DELETE FROM api_keys WHERE experiment_id IS NOT NULL"))
    op.drop_index("ix_api_keys_experiment_id", "api_keys")
    with op.batch_alter_table("api_keys") as table:
        table.drop_constraint(_KEY, type_="foreignkey")
        table.drop_column("experiment_id")
