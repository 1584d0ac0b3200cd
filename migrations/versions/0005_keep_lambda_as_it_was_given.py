"""Keep λ as it was given.

Revision 0005, after 0004. Made on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the rows that there are gave the textbook's."""
    op.add_column("experiments", sa.Column("given_lambda", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("experiments", "given_lambda")
