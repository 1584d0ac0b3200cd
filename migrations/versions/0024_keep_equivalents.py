"""Keep λ in the terms of other tools, which every GET computed from the specification.

Revision 0024, after 0023. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the service computes it for rows that lack it, which an older release may still be adding."""
    op.add_column("experiments", sa.Column("equivalents", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("experiments", "equivalents")
