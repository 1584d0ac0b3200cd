"""Keep the root mean squared error of every epoch, and the task of every experiment.

Revision 0009, after 0008. Made on 2026-12-01.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS: tuple[tuple[str, str, sa.types.TypeEngine[Any]], ...] = (
    ("epochs", "train_rmse", sa.Double()),
    ("epochs", "val_rmse", sa.Double()),
    ("experiments", "task", sa.String()),
)


def upgrade() -> None:
    """Add the columns; of the experiments that there are the loss tells several labels from a regression."""
    for table, column, kind in COLUMNS:
        op.add_column(table, sa.Column(column, kind))
    op.execute(
        "UPDATE experiments SET task = CASE WHEN classes IS NOT NULL THEN 'multiclass' "
        "WHEN CAST(spec AS TEXT) LIKE '%binary_cross_entropy%' THEN 'multilabel' ELSE 'regression' END"
    )


def downgrade() -> None:
    """Drop them."""
    for table, column, _ in reversed(COLUMNS):
        op.drop_column(table, column)
