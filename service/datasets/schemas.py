"""Schemas of data sets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model, model_validator

from service.http.described_by import DescribedBy

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
    """Division of every feature by a constant."""

    divide_by: float = Field(description="The constant.")


class BuiltinDatasetRead(BaseModel):
    """A data set that comes with the service."""

    id: str = Field(description="Name to use in an experiment.")
    object: Literal["dataset"]
    kind: Literal["builtin"]
    status: Literal["ready"]
    name: str
    title: str = Field(description="Short title.")
    description: str = Field(description="Description in one or two sentences.")
    task: Task = Field(description="Type of the prediction task.")
    rows: int = Field(
        description="Rows available for splitting, excluding predefined validation and test rows."
    )
    validation_rows: int = Field(description="Number of predefined validation rows.")
    test_rows: int = Field(
        description="Number of predefined test rows; they are used instead of `split.test`."
    )
    features: int = Field(description="Number of network inputs.")
    feature_names: list[str] = Field(description="Names of the inputs, in order.")
    target_name: str = Field(description="Name of the target.")
    classes: list[str] | None = Field(description="Names of the classes; null for regression.")
    class_counts: list[int] | None = Field(description="Number of rows per class, within `rows`.")
    scaling: str | DivideBy = Field(description='Meaning of `"scaling": "auto"` for this data set.')
    source: str = Field(description="Origin of the data.")
    license: str = Field(description="License of the data.")
    citation: str = Field(description="Citation for the data.")
    version: str = Field(description="Hash of the contents, recorded in each experiment.")


class NumericColumn(BaseModel):
    """A numeric column and its number format. `auto` is inferred."""

    column: ColumnReference = Field(description="The column, by name or zero-based index.")
    decimal: Literal["auto", ".", ","] = Field(default="auto", description="The decimal separator.")
    thousands: str = Field(
        default="auto",
        description="The thousands separator: `,`, `.`, `'`, a space, or `none`.",
        examples=["."],
    )
    unit: str = Field(
        default="auto",
        description="The unit or currency written next to each number, such as `kg`, `$` or `%`, or `none`.",
        examples=["kg"],
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_name(cls, value: Any) -> Any:
        """Data sets that were read before there were units have the column alone."""
        return {"column": value} if isinstance(value, (str, int)) else value


class DatasetOptions(BaseModel):
    """How a file is read, including inferred options."""

    format: Literal["auto", "csv", "npz", "json", "parquet", "excel"] = Field(
        default="auto", description="File format."
    )
    delimiter: str = Field(default="auto", description="CSV: the field delimiter.", examples=[";"])
    quote: str = Field(default="auto", description="CSV: the quote character, or `none`.")
    header: bool | Literal["auto", "summary"] = Field(
        default="auto",
        description="CSV: whether the first row names the columns; `summary` is the header of scikit-learn's files.",
    )
    encoding: str = Field(
        default="auto", description="CSV and JSON: the text encoding by its Python name, such as `cp1251`."
    )
    decimal: str = Field(default="auto", description="CSV: the decimal separator, `.` or `,`.")
    sheet: ColumnReference = Field(
        default="auto", description="Workbooks: the sheet to read, by name or zero-based index."
    )
    target: Any = Field(
        default="auto",
        description="The column to predict, by name or index; a list of columns for a multi-label task.",
    )
    task: Literal["auto", "classification", "multilabel", "regression"] = Field(
        default="auto",
        description="Type of the task: classification, multi-label classification or regression.",
    )
    scaling: str | DivideBy = Field(
        default="auto", description='`standardize`, `none` or `{"divide_by": 256}`.'
    )
    ignore: list[ColumnReference] = Field(default=[], description="Columns to leave out.")
    weight: ColumnReference | None = Field(default=None, description="The column of row weights.")
    split: ColumnReference | None = Field(
        default=None, description="The column that assigns rows to splits: `train`, `validation` or `test`."
    )
    group: ColumnReference | None = Field(
        default=None, description="The group column: rows with equal values stay in the same split."
    )
    order: ColumnReference | None = Field(
        default=None,
        description="The column of numbers, dates or times for a split by order; it is not a network input.",
    )
    missing_target: Literal["reject", "drop"] = Field(
        default="reject", description="Whether rows without a target are dropped or make the file invalid."
    )
    missing: Any = Field(
        default="auto", description="Markers of missing values: a list of strings, or `auto`."
    )
    categorical: list[ColumnReference] = Field(
        default=[], description="Columns to treat as categorical, whatever they contain."
    )
    numeric: list[NumericColumn] = Field(
        default=[], description="Columns to treat as numeric, optionally with their number format."
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
    __doc__="A data set whose file follows by `PUT …/content`. Omitted or null options are inferred.",
    __config__=ConfigDict(extra="forbid"),
    name=(str | None, Field(default=None, max_length=200, description="Name, for people.")),
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
    """Make every field of a form a string, the default choice of generators and people, with a value that can stay."""
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
    """A file and its options: a string for each field, JSON for lists. An empty field counts as omitted."""

    model_config = ConfigDict(json_schema_extra=_as_texts)

    file: str = Field(description="CSV, NPZ, JSON rows or Parquet.", json_schema_extra={"format": "binary"})


class DatasetColumn(BaseModel):
    """A column as interpreted."""

    name: str
    kind: Literal["number", "boolean", "category"]
    levels: list[str] = Field(description="Names of the categories, or the two values of a boolean.")
    missing: bool = Field(description="Whether the column has missing values.")


class DatasetReason(BaseModel):
    """One reason why a file cannot be read."""

    row: int | None = Field(description="Line number, as in a text editor.")
    column: str | None = Field(description="Name of the column; null if the problem concerns the whole row.")
    found: str = Field(description="The value found there.")
    expected: str = Field(description="The expected value.")


class DatasetRejection(BaseModel):
    """Reasons why a file cannot be used."""

    advice: str = Field(description="How to correct it.")
    reasons: list[DatasetReason] = Field(description="The first 20 places.")


class DatasetWarning(BaseModel):
    """A warning about a data set."""

    pointer: str | None = Field(
        description="JSON Pointer into the data set's document; null for the file as a whole."
    )
    code: str
    message: str


class UploadedDatasetRead(BaseModel):
    """An uploaded data set; values that are unknown before it is `ready` are null."""

    id: str = Field(description="Identifier to use in an experiment.")
    object: Literal["dataset"]
    kind: Literal["uploaded"]
    status: Literal["uploading", "validating", "ready", "rejected"]
    name: str
    shared: bool = Field(description="Whether every owner can see it and train on it.")
    place_in_line: int | None = Field(
        description="Position in the reading queue, from 1; null once reading has begun."
    )
    bytes: int = Field(description="Size of the file in bytes.")
    task: Task | None = Field(description="Type of the prediction task.")
    rows: int | None = Field(
        description="Rows available for splitting, excluding predefined validation and test rows."
    )
    validation_rows: int | None = Field(description="Number of predefined validation rows.")
    test_rows: int | None = Field(
        description="Number of predefined test rows; they are used instead of `split.test`."
    )
    features: int | None = Field(
        description="Number of network inputs, including one-hot categories and missing-value indicators."
    )
    feature_names: list[str] | None = Field(description="Names of the inputs, in order.")
    outputs: int | None = Field(description="Number of network outputs.")
    target_names: list[str] | None = Field(description="Names of the target columns.")
    classes: list[str] | None = Field(
        description="Names of the classes; null for regression and multi-label tasks."
    )
    class_counts: list[int] | None = Field(description="Number of rows per class, within `rows`.")
    scaling: str | DivideBy | None = Field(description='Meaning of `"scaling": "auto"` for this data set.')
    groups: int | None = Field(
        description="Number of row groups; a group never spans two splits. Null without a group column."
    )
    order: str | None = Field(
        description="The column of numbers, dates or times for a split by order; null without one."
    )
    image_shape: list[int] | None = Field(description="Height, width and channels if rows are images.")
    columns: list[DatasetColumn] | None = Field(description="The columns as interpreted.")
    summary: list[dict[str, Any]] | None = Field(description="Summary statistics of each column.")
    findings: dict[str, Any] | None = Field(
        description="Findings worth checking: leaks, duplicates, constant columns, class imbalance."
    )
    warnings: list[DatasetWarning] | None = Field(
        description="Warnings about the data. Experiments on this data set repeat them."
    )
    options: DatasetOptions = Field(description="Options used to read the file, including inferred ones.")
    rejection: DatasetRejection | None = Field(description="Reasons for the rejection.")
    version: str | None = Field(description="Hash of the contents, recorded in each experiment.")
    reader_revision: int | None = Field(
        description="Revision of the reader that read the file; null until then. Uploading the file again has it read "
        "by the current revision."
    )
    created_at: datetime
    finished_at: datetime | None = Field(description="Time at which it became `ready` or `rejected`.")
    links: dict[str, str]


class DatasetPatch(BaseModel):
    """A change to a data set."""

    model_config = ConfigDict(extra="forbid")

    shared: bool = Field(description="Whether every owner can see it and train on it.")


DatasetPatchDocument = Annotated[dict[str, Any], DescribedBy(DatasetPatch)]
"""The body of a change as it came; it is checked apart."""


class DatasetRead(
    RootModel[Annotated[BuiltinDatasetRead | UploadedDatasetRead, Field(discriminator="kind")]]
):
    """A data set, built-in or uploaded."""


class DatasetList(BaseModel):
    """A page of data sets: your own and shared ones, newest first, then the built-in ones."""

    object: Literal["list"]
    data: list[DatasetRead]
    has_more: bool
    next: str | None
    total: int | None = Field(
        description=(
            "Number of data sets in all pages, including built-in ones; null if there are more than 10,000 "
            "uploaded ones."
        )
    )


class DatasetPreview(BaseModel):
    """The first rows of a data set as interpreted."""

    object: Literal["preview"]
    dataset: str = Field(description="Identifier of the data set.")
    rows: list[dict[str, Any]] = Field(description="The first rows, as objects keyed by column name.")
