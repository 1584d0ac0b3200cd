"""The documents of data sets, as clients see them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["DatasetList", "DatasetRead"]


class DivideBy(BaseModel):
    """Features are divided by a constant."""

    divide_by: float


class DatasetRead(BaseModel):
    """A data set that comes with the service."""

    name: str
    object: Literal["dataset"]
    title: str
    description: str
    task: Literal["binary", "multiclass", "multilabel", "regression"]
    rows: int = Field(description="Rows to split, without those the set keeps for validation or test itself.")
    validation_rows: int = Field(description="The set's own validation rows.")
    test_rows: int = Field(description="The set's own test rows; they are used instead of `split.test`.")
    features: int
    feature_names: list[str]
    target_name: str
    classes: list[str] | None = Field(description="Names of the classes; null for regression.")
    class_counts: list[int] | None = Field(description="Rows of each class, among `rows`.")
    scaling: str | DivideBy = Field(description='What `"scaling": "auto"` stands for.')
    source: str
    license: str
    citation: str
    version: str = Field(description="Hash of the contents; an experiment remembers it.")


class DatasetList(BaseModel):
    """All data sets."""

    object: Literal["list"]
    data: list[DatasetRead]
    has_more: bool
    next: None
