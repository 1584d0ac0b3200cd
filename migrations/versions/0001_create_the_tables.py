"""Create the tables.

Revision 0001, the first. Made on 2026-11-22.
"""

from __future__ import annotations

import itertools

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "experiments",
    "experiment_metadata",
    "epochs",
    "resume_states",
    "checkpoints",
    "checkpoint_chunks",
    "engines",
    "roles",
)
METRICS = (
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "train_r2",
    "val_r2",
    "train_mae",
    "val_mae",
    "penalty",
    "objective",
    "weight_norm",
    "zero_fraction",
    "gradient_norm",
    "dead_units",
    "learning_rate",
    "seconds",
)


def upgrade() -> None:
    """Create every table."""
    _create_experiments()
    _create_experiment_metadata()
    _create_epochs()
    _create_resume_states()
    _create_checkpoints()
    _create_engines()


def downgrade() -> None:
    """Drop every table, those that refer to others first."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_experiments() -> None:
    json = sa.JSON(none_as_null=True)
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("started_at", instant),
        sa.Column("finished_at", instant),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("stop_reason", sa.String()),
        sa.Column("name", sa.String()),
        sa.Column("metadata", json, nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("dataset_version", sa.String(), nullable=False),
        sa.Column("penalty", sa.String(), nullable=False),
        sa.Column("spec", json, nullable=False),
        sa.Column("rows_train", sa.Integer(), nullable=False),
        sa.Column("rows_validation", sa.Integer(), nullable=False),
        sa.Column("rows_test", sa.Integer(), nullable=False),
        sa.Column("classes", json),
        sa.Column("parameters", sa.Integer(), nullable=False),
        sa.Column("warnings", json, nullable=False),
        sa.Column("max_epochs", sa.Integer(), nullable=False),
        sa.Column("last_epoch", sa.Integer(), nullable=False),
        sa.Column("best_epoch", sa.Integer()),
        sa.Column("argmin_epoch", sa.Integer()),
        sa.Column("best", json),
        sa.Column("final", json),
        sa.Column("test", json),
        sa.Column("error", json),
        sa.Column("dispatch_id", sa.String()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("lease_counter", sa.BigInteger(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
    )
    _create_experiment_indexes()


def _create_experiment_indexes() -> None:
    for count in range(4):
        for filters in itertools.combinations(("status", "dataset", "penalty"), count):
            columns = [*filters, "created_at", "id"]
            op.create_index(f"ix_experiments_{'_'.join(columns)}", "experiments", columns)
    dispatched = sa.text("dispatch_id IS NOT NULL")
    op.create_index(
        "ix_experiments_dispatch_id",
        "experiments",
        ["dispatch_id"],
        sqlite_where=dispatched,
        postgresql_where=dispatched,
    )


def _create_experiment_metadata() -> None:
    op.create_table(
        "experiment_metadata",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "key", name="pk_experiment_metadata"),
        _of_experiment("experiment_metadata"),
    )
    op.create_index(
        "ix_experiment_metadata_key_value_created_at_experiment_id",
        "experiment_metadata",
        ["key", "value", "created_at", "experiment_id"],
    )


def _create_epochs() -> None:
    op.create_table(
        "epochs",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Double()) for name in METRICS),
        sa.Column("non_finite", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("experiment_id", "epoch", name="pk_epochs"),
        _of_experiment("epochs"),
        sqlite_with_rowid=False,
    )


def _create_resume_states() -> None:
    op.create_table(
        "resume_states",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "position", name="pk_resume_states"),
        _of_experiment("resume_states"),
    )


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "kind", name="pk_checkpoints"),
        _of_experiment("checkpoints"),
    )
    op.create_table(
        "checkpoint_chunks",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "kind", "position", name="pk_checkpoint_chunks"),
        sa.ForeignKeyConstraint(
            ["experiment_id", "kind"],
            ["checkpoints.experiment_id", "checkpoints.kind"],
            name="fk_checkpoint_chunks_experiment_id_kind_checkpoints",
            ondelete="CASCADE",
        ),
    )


def _create_engines() -> None:
    op.create_table(
        "engines",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_engines"),
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
    )


def _of_experiment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["experiment_id"],
        ["experiments.id"],
        name=f"fk_{table}_experiment_id_experiments",
        ondelete="CASCADE",
    )
