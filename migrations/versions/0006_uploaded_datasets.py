"""Keep the data sets that people upload.

Revision 0006, after 0005. Made on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of data sets, of bytes on their way in, and of the arrays made of them."""
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String()),
        sa.Column("version", sa.String()),
        sa.Column("facts", sa.JSON(none_as_null=True)),
        sa.Column("rejection", sa.JSON(none_as_null=True)),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
    )
    op.create_index("ix_datasets_owner_created_at_id", "datasets", ["owner", "created_at", "id"])
    op.create_index("ix_datasets_owner_fingerprint", "datasets", ["owner", "fingerprint"])
    op.create_index("ix_datasets_version", "datasets", ["version"])
    unfinished = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_datasets_unfinished",
        "datasets",
        ["status", "created_at", "id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "dataset_uploads",
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_dataset_uploads_dataset_id_datasets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "position", name="pk_dataset_uploads"),
    )
    op.create_table(
        "dataset_arrays",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("array", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version", "array", "position", name="pk_dataset_arrays"),
    )


def downgrade() -> None:
    """Drop them, and with them every data set that was uploaded."""
    op.drop_table("dataset_arrays")
    op.drop_table("dataset_uploads")
    op.drop_table("datasets")
