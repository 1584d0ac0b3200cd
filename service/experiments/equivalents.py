"""How an answer tells λ in the terms of other tools."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["Equivalents"]


class KerasEquivalent(BaseModel):
    """λ as Keras' `kernel_regularizer` counts it."""

    l1: float
    l2: float
    note: str


class PytorchEquivalent(BaseModel):
    """λ as `torch.optim.SGD` counts it."""

    weight_decay: float | None = Field(description="Null where PyTorch has no such penalty.")
    note: str


class SklearnEquivalent(BaseModel):
    """λ as scikit-learn counts it; linear models only where the network is one."""

    mlp_alpha: float | None
    ridge_alpha: float | None = None
    lasso_alpha: float | None = None
    logistic_regression_C: float | None = None  # noqa: N815 - scikit-learn's name
    note: str


class Equivalents(BaseModel):
    """The same λ in the terms of other tools."""

    keras: KerasEquivalent
    pytorch: PytorchEquivalent
    sklearn: SklearnEquivalent
