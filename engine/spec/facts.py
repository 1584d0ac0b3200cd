"""Facts of a data set that resolving an experiment depends on."""

from __future__ import annotations

from dataclasses import dataclass

from engine.spec.groups import Copies, GroupClasses, Grouping
from engine.spec.scaling import Scaling
from engine.spec.splits import Split

__all__ = ["DatasetFacts", "SplitRows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """Facts about a data set that resolving needs.

    ``rows`` are the rows to split, without the data set's own ``validation_rows`` and ``test_rows``.
    ``classes`` is None for regression; ``outputs`` counts target columns (1 but for multi-label and
    multi-target sets). ``scaling`` is what "auto" stands for. ``group_sizes`` are the ``rows`` of each group that stays
    together, None where there are no groups; ``group_classes`` the rows of each class in them, None without classes.
    ``order_columns`` name the columns that rows can be ordered by, ``order_column`` the one that is there for that.
    ``copies`` are the groups that exact copies of rows make, None where they were not looked for.
    """

    task: str
    rows: int
    features: int
    classes: int | None
    outputs: int = 1
    scaling: Scaling = "standardize"
    validation_rows: int = 0
    test_rows: int = 0
    group_sizes: tuple[int, ...] | None = None
    group_classes: GroupClasses | None = None
    order_columns: tuple[str, ...] = ()
    order_column: str | None = None
    copies: Copies | None = None

    def grouping(self, split: Split) -> Grouping | None:
        """The groups of rows that a split leaves whole, once its ``by`` is resolved; None for single rows."""
        copies = self.copies if split.keep_duplicates_together and self.copies is not None else Copies()
        if split.by != "groups":
            return copies.alone
        if copies.joined is not None or self.group_sizes is None:
            return copies.joined
        return Grouping(self.group_sizes, self.group_classes)


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows of each split."""

    train: int
    validation: int
    test: int
