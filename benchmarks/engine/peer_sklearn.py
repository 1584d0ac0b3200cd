"""scikit-learn's MLPClassifier as a contender; it has no sigmoid output, so W1 and W2 get its softmax."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from benchmarks.engine.workloads import Workload

__all__ = ["Sklearn"]


class Sklearn:
    """``partial_fit`` once per epoch."""

    def __init__(self, workload: Workload) -> None:
        warnings.simplefilter("ignore")
        self.workload = workload
        self.models = [self._model(lambda_, seed) for lambda_, seed in workload.lanes]

    def _model(self, lambda_: float, seed: int) -> MLPClassifier:
        workload, data = self.workload, self.workload.data
        model = MLPClassifier(
            workload.sizes[1:-1],
            activation={"sigmoid": "logistic"}.get(workload.activation, workload.activation),
            solver="adam" if workload.optimizer == "adam" else "sgd",
            alpha=lambda_ * workload.batch / len(data["x"]),
            batch_size=workload.batch,
            learning_rate_init=workload.learning_rate,
            momentum=0.9 if workload.optimizer == "momentum" else 0.0,
            nesterovs_momentum=False,
            random_state=seed,
        )
        model.partial_fit(data["x"][: workload.batch], data["y"][: workload.batch], classes=np.arange(10))
        for layer, (weights, biases) in enumerate(workload.initial(seed)):
            model.coefs_[layer][...] = weights
            model.intercepts_[layer][...] = biases
        return model

    def run(self) -> None:
        """One timed unit."""
        data = self.workload.data
        for _ in range(self.workload.unit_epochs):
            for model in self.models:
                model.partial_fit(data["x"], data["y"])
                for name in ("", "_test") if self.workload.evaluated else ():
                    probabilities = model.predict_proba(data[f"x{name}"])
                    log_loss(data[f"y{name}"], probabilities)
                    (probabilities.argmax(1) == data[f"y{name}"]).mean()
