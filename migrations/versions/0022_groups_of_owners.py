"""Let owners belong to groups that have limits.

Revision 0022, after 0021. Made on 2026-12-01.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; nobody is in a group yet."""
    op.create_table(
        "owner_groups",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("limits", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_owner_groups"),
    )
    op.create_table(
        "group_members",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_name"], ["owner_groups.name"], name="fk_group_members_group_name_owner_groups"
        ),
        sa.PrimaryKeyConstraint("owner", name="pk_group_members"),
    )
    op.create_index("ix_group_members_group_name", "group_members", ["group_name"])


def downgrade() -> None:
    """Drop the tables: owners have the limits of the settings and of their keys alone."""
    op.drop_index("ix_group_members_group_name", "group_members")
    op.drop_table("group_members")
    op.drop_table("owner_groups")
