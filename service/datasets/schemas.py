"""The documents of data sets, as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model, model_validator

from service.experiments.spec_schema import DescribedBy

__all__ = [
    "BuiltinDatasetRead",
    "DatasetCreate",
    "DatasetDocument",
    "DatasetForm",
    "DatasetList",
    "DatasetOptions",
    "DatasetPatch",
    "DatasetPatchDocument",
    "DatasetPreview",
    "DatasetRead",
    "UploadedDatasetRead",
]

Task = Literal["binary", "multiclass", "multilabel", "regression"]
ColumnReference = str | int


class DivideBy(BaseModel):
    """Features are divided by a constant."""

    divide_by: float = Field(description="The constant.")


class BuiltinDatasetRead(BaseModel):
    """A data set that comes with the service."""

    id: str = Field(description="What an experiment names it by.")
    object: Literal["dataset"]
    kind: Literal["builtin"]
    status: Literal["ready"]
    name: str
    title: str = Field(description="What it is, in a few words.")
    description: str = Field(description="What it is, in a sentence or two.")
    task: Task = Field(description="What is predicted.")
    rows: int = Field(description="Rows to split, without those the set keeps for validation or test itself.")
    validation_rows: int = Field(description="The set's own validation rows.")
    test_rows: int = Field(description="The set's own test rows; they are used instead of `split.test`.")
    features: int = Field(description="Inputs of a network.")
    feature_names: list[str] = Field(description="Names of the inputs, in order.")
    target_name: str = Field(description="Name of what is predicted.")
    classes: list[str] | None = Field(description="Names of the classes; null for regression.")
    class_counts: list[int] | None = Field(description="Rows of each class, among `rows`.")
    scaling: str | DivideBy = Field(description='What `"scaling": "auto"` stands for.')
    source: str = Field(description="Where it comes from.")
    license: str = Field(description="Under which terms it may be used.")
    citation: str = Field(description="How to cite it.")
    version: str = Field(description="Hash of the contents; an experiment remembers it.")


class NumericColumn(BaseModel):
    """A column of numbers and how they are written. What is `auto` is found out."""

    column: ColumnReference = Field(description="The column, by name or by number from 0.")
    decimal: Literal["auto", ".", ","] = Field(default="auto", description="The decimal sign.")
    thousands: str = Field(
        default="auto",
        description="What separates thousands: `,`, `.`, `'`, a space, or `none`.",
        examples=["."],
    )
    unit: str = Field(
        default="auto",
        description="The unit or currency beside each number, such as `kg`, `$` or `%`, or `none`.",
        examples=["kg"],
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_name(cls, value: Any) -> Any:
        """Data sets that were read before there were units have the column alone."""
        return {"column": value} if isinstance(value, (str, int)) else value


class DatasetOptions(BaseModel):
    """How a file is read, everything that was found out included."""

    format: Literal["auto", "csv", "npz", "json", "parquet", "excel"] = Field(
        default="auto", description="What kind of file it is."
    )
    delimiter: str = Field(default="auto", description="CSV: what separates values.", examples=[";"])
    quote: str = Field(default="auto", description="CSV: what values are quoted with, or `none`.")
    header: bool | Literal["auto", "summary"] = Field(
        default="auto",
        description="CSV: whether the first row names the columns, or is the `summary` of scikit-learn's files.",
    )
    encoding: str = Field(
        default="auto", description="CSV and JSON: any text encoding by Python's name, such as `cp1251`."
    )
    decimal: str = Field(default="auto", description="CSV: the decimal sign, `.` or `,`.")
    sheet: ColumnReference = Field(
        default="auto", description="Workbooks: the sheet to read, by name or by number from 0."
    )
    target: Any = Field(
        default="auto",
        description="The column to predict, by name or place; a list of them for several labels.",
    )
    task: Literal["auto", "classification", "multilabel", "regression"] = Field(
        default="auto", description="What is predicted: a class, several labels, or a number."
    )
    scaling: str | DivideBy = Field(
        default="auto", description='`standardize`, `none` or `{"divide_by": 256}`.'
    )
    ignore: list[ColumnReference] = Field(default=[], description="Columns to leave out.")
    weight: ColumnReference | None = Field(default=None, description="The column of weights of the rows.")
    split: ColumnReference | None = Field(
        default=None, description="The column that says `train`, `validation` or `test`."
    )
    group: ColumnReference | None = Field(
        default=None, description="The column of groups that stay together."
    )
    order: ColumnReference | None = Field(
        default=None,
        description="The column of numbers, dates or times that a split by order uses; it is no input of the network.",
    )
    missing_target: Literal["reject", "drop"] = Field(
        default="reject", description="Whether rows without a target reject the file, or are left out."
    )
    missing: Any = Field(
        default="auto", description="What stands for a missing value: a list of strings, or `auto`."
    )
    categorical: list[ColumnReference] = Field(
        default=[], description="Columns of categories, whatever they hold."
    )
    numeric: list[NumericColumn] = Field(
        default=[], description="Columns of numbers, whatever they hold, and how their numbers are written."
    )


_OF_SEVERAL_FORMS = ("target", "ignore", "missing", "categorical", "numeric")
"""Options that are a value or a list of them. Not every generator can make a class of such a union, so none is told."""

_SENT: Any = {
    name: (
        Any if name in _OF_SEVERAL_FORMS else field.annotation | None,  # type: ignore[operator]  # of types
        Field(default=field.default, description=field.description, examples=field.examples),
    )
    for name, field in DatasetOptions.model_fields.items()
}
DatasetCreate = create_model(
    "DatasetCreate",
    __doc__="A data set whose bytes are still to come, by `PUT …/content`. What is left out or null is found out.",
    __config__=ConfigDict(extra="forbid"),
    name=(str | None, Field(default=None, max_length=200, description="A name, for people.")),
    shared=(
        bool | None,
        Field(
            default=False,
            description="Whether every owner may see it and train on it; `true` needs the scope `admin`.",
        ),
    ),
    **_SENT,
)

DatasetDocument = Annotated[dict[str, Any], DescribedBy(DatasetCreate)]
"""The body of an announcement as it came; the service checks it."""


_WORDS = {"header": ["auto", "true", "false", "summary"], "shared": ["true", "false"]}


def _as_texts(schema: dict[str, Any]) -> None:
    """Make each field of a form the text that it is, what people fill in first, with a value that can stay as it is."""
    fields = schema["properties"]
    for name in {*fields} - {"file"}:
        given = "auto" if fields[name].get("default") == "auto" else ""
        words = _WORDS.get(name, _choice(fields[name]))
        described = {"title": fields[name]["title"], "description": fields[name].get("description", "")}
        fields[name] = {"type": "string", "examples": [given], **described}
        if given:
            fields[name]["default"] = given
        if words is not None:
            fields[name]["enum"] = words
    first = ("file", "target", "name")
    schema["properties"] = {name: fields[name] for name in (*first, *fields)}


def _choice(field: dict[str, Any]) -> list[str] | None:
    """The words of a field that takes one of a few, or null."""
    return next((form["enum"] for form in field.get("anyOf", ()) if "enum" in form), None)


class DatasetForm(DatasetCreate):
    """A file and how it is read: text for each field, JSON for lists. What is empty counts as left out."""

    model_config = ConfigDict(json_schema_extra=_as_texts)

    file: str = Field(description="CSV, NPZ, JSON rows or Parquet.", json_schema_extra={"format": "binary"})


class DatasetColumn(BaseModel):
    """A column as it was understood."""

    name: str
    kind: Literal["number", "boolean", "category"]
    levels: list[str] = Field(description="Names of the categories, or the two words of a boolean.")
    missing: bool = Field(description="Whether it has values that are missing.")


class DatasetReason(BaseModel):
    """One thing that keeps a file from being read."""

    row: int | None = Field(description="The line an editor shows.")
    column: str | None = Field(description="Name of the column; null where the whole row is meant.")
    found: str = Field(description="What stands there.")
    expected: str = Field(description="What would have been right.")


class DatasetRejection(BaseModel):
    """Why a file cannot be trained on."""

    advice: str = Field(description="What to do.")
    reasons: list[DatasetReason] = Field(description="At most 20.")


class DatasetWarning(BaseModel):
    """Something to know before training on a data set."""

    pointer: str | None = Field(
        description="JSON Pointer into the data set's document; null for the file as a whole."
    )
    code: str
    message: str


class UploadedDatasetRead(BaseModel):
    """A data set that was uploaded; what is not known before it is `ready` is null."""

    id: str = Field(description="What an experiment names it by.")
    object: Literal["dataset"]
    kind: Literal["uploaded"]
    status: Literal["uploading", "validating", "ready", "rejected"]
    name: str
    shared: bool = Field(description="Whether every owner may see it and train on it.")
    place_in_line: int | None = Field(
        description="How many data sets are read until this one is, itself included; null once reading has begun."
    )
    bytes: int = Field(description="Size of the file.")
    task: Task | None = Field(description="What is predicted.")
    rows: int | None = Field(
        description="Rows to split, without those the set keeps for validation or test itself."
    )
    validation_rows: int | None = Field(description="The set's own validation rows.")
    test_rows: int | None = Field(
        description="The set's own test rows; they are used instead of `split.test`."
    )
    features: int | None = Field(
        description="Inputs of a network, categories and indicators of missing values included."
    )
    feature_names: list[str] | None = Field(description="Names of the inputs, in order.")
    outputs: int | None = Field(description="Outputs of a network.")
    target_names: list[str] | None = Field(description="Names of the columns that are predicted.")
    classes: list[str] | None = Field(
        description="Names of the classes; null for regression and several labels."
    )
    class_counts: list[int] | None = Field(description="Rows of each class, among `rows`.")
    scaling: str | DivideBy | None = Field(description='What `"scaling": "auto"` stands for.')
    groups: int | None = Field(
        description="Groups of rows, none of which is in two parts of a split; null without a column of groups."
    )
    order: str | None = Field(
        description="The column of numbers, dates or times that a split by order uses; null without one."
    )
    image_shape: list[int] | None = Field(description="Height, width and channels, where rows are images.")
    columns: list[DatasetColumn] | None = Field(description="Its columns as they were understood.")
    summary: list[dict[str, Any]] | None = Field(description="Each column's values in numbers.")
    findings: dict[str, Any] | None = Field(
        description="What to look at: leaks, duplicates, constants, balance."
    )
    warnings: list[DatasetWarning] | None = Field(
        description="What to know before training on it. Experiments on it have the same warnings."
    )
    options: DatasetOptions = Field(description="How it was read, everything that was found out included.")
    rejection: DatasetRejection | None = Field(description="Why it cannot be trained on.")
    version: str | None = Field(description="Hash of the contents; an experiment remembers it.")
    reader_revision: int | None = Field(
        description="Revision of the reader that has read it; null until one has. A newer one reads the file anew "
        "when it is uploaded again."
    )
    created_at: datetime
    finished_at: datetime | None = Field(description="When it was `ready` or `rejected`.")
    links: dict[str, str]


class DatasetPatch(BaseModel):
    """A change to a data set."""

    model_config = ConfigDict(extra="forbid")

    shared: bool = Field(description="Whether every owner may see it and train on it.")


DatasetPatchDocument = Annotated[dict[str, Any], DescribedBy(DatasetPatch)]
"""The body of a change as it came; it is checked apart."""


class DatasetRead(
    RootModel[Annotated[BuiltinDatasetRead | UploadedDatasetRead, Field(discriminator="kind")]]
):
    """A data set, one that comes with the service or one that was uploaded."""


class DatasetList(BaseModel):
    """A page of data sets: your own and shared ones, the newest first, then those that come with the service."""

    object: Literal["list"]
    data: list[DatasetRead]
    has_more: bool
    next: str | None
    total: int | None = Field(
        description="Data sets on all pages, the built-in ones included; null for more than 10,000 others."
    )


class DatasetPreview(BaseModel):
    """The first rows of a data set as they were understood."""

    object: Literal["preview"]
    dataset: str = Field(description="Its data set.")
    rows: list[dict[str, Any]] = Field(description="The first rows, each by the names of the columns.")
