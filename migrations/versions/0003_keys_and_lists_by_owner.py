"""Give the API keys, and have the indexes of lists lead through the rows of one owner.

Revision 0003, after 0002. Made on 2026-11-22.
"""

from __future__ import annotations

import itertools

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LABELS = ["key", "value", "created_at", "experiment_id"]


def upgrade() -> None:
    """Create the table of keys, and put the owner first in every index of lists."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String()),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("limits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_created_at_id", "api_keys", ["created_at", "id"])
    # Until now there was one owner, so that the default is what every row gets.
    op.add_column(
        "experiment_metadata", sa.Column("owner", sa.String(), nullable=False, server_default="local")
    )
    _replace_indexes([], ["owner"])


def downgrade() -> None:
    """Drop the keys; whose a row is stays with it."""
    _replace_indexes(["owner"], [])
    op.drop_column("experiment_metadata", "owner")
    op.drop_table("api_keys")


def _replace_indexes(before: list[str], after: list[str]) -> None:
    for count in range(4):
        for filters in itertools.combinations(("status", "dataset", "penalty"), count):
            columns = [*filters, "created_at", "id"]
            op.drop_index(_name("experiments", [*before, *columns]), "experiments")
            op.create_index(_name("experiments", [*after, *columns]), "experiments", [*after, *columns])
    op.drop_index(_name("experiment_metadata", [*before, *LABELS]), "experiment_metadata")
    op.create_index(_name("experiment_metadata", [*after, *LABELS]), "experiment_metadata", [*after, *LABELS])


def _name(table: str, columns: list[str]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
