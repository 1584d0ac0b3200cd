"""Keep the id of the request that created an experiment, for the worker's log.

Revision 0016, after 0015. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("experiments", sa.Column("request_id", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("experiments", "request_id")
