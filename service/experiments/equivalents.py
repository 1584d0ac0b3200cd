"""Present λ in the conventions of other tools, and as it was given."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.spec import LAMBDA_CONVENTIONS

__all__ = ["Equivalents", "GivenLambda"]

_CONVENTIONS = LAMBDA_CONVENTIONS.allowed
Convention = Literal[_CONVENTIONS]  # type: ignore[valid-type]  # the rule is the one list


class GivenLambda(BaseModel):
    """λ as it was given, before it became the textbook's in `spec`."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    convention: Convention = Field(description="Convention in which λ was given.")
    lambda_: float = Field(alias="lambda", description="λ in that convention.")
    layers: list[float | None] = Field(
        description="λ of the hidden layers' own penalties; null for a layer without one."
    )


class KerasEquivalent(BaseModel):
    """λ as Keras' `kernel_regularizer` counts it."""

    l1: float = Field(description="`keras.regularizers.L1L2(l1=…)`.")
    l2: float = Field(description="`keras.regularizers.L1L2(l2=…)`.")
    note: str


class PytorchEquivalent(BaseModel):
    """λ as `torch.optim.SGD` counts it."""

    weight_decay: float | None = Field(description="Null if PyTorch has no such penalty.")
    note: str


class SklearnEquivalent(BaseModel):
    """λ as scikit-learn counts it; linear models only where the network is one."""

    mlp_alpha: float | None = Field(
        description="`alpha` of MLPClassifier and MLPRegressor; null if they have no equivalent."
    )
    ridge_alpha: float | None = Field(default=None, description="`alpha` of Ridge.")
    lasso_alpha: float | None = Field(default=None, description="`alpha` of Lasso.")
    logistic_regression_C: float | None = Field(  # noqa: N815 - scikit-learn's name
        default=None, description="`C` of LogisticRegression."
    )
    note: str


class Equivalents(BaseModel):
    """The same λ in the terms of other tools."""

    keras: KerasEquivalent
    pytorch: PytorchEquivalent
    sklearn: SklearnEquivalent
