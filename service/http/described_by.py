"""An annotation by which the OpenAPI document describes one type as another one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core.core_schema import CoreSchema, definitions_schema

__all__ = ["DescribedBy"]


class DescribedBy:
    """Annotation for a document that the OpenAPI document describes as this model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Stand in for the annotated type's own schema."""
        # Wrapped, since a schema handed over bare would be written out here instead of under its name.
        return handler(definitions_schema(self._model.__pydantic_core_schema__, []))
