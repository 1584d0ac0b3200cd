"""Keep whether a key was made where keys were required. Those of earlier versions count as confirmed.

Revision 0012, after 0011. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("api_keys", sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Drop it, and with it the keys that are not confirmed: nothing else would tell them from valid ones."""
    op.execute(sa.text("DELETE FROM api_keys WHERE NOT confirmed"))
    op.drop_column("api_keys", "confirmed")
