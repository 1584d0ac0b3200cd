"""Decisions after each epoch: early stopping, and the plateau rule of the learning rate.

docs/numerics.md, "Early stopping" and "Schedules". Both look at one monitored metric. Scores, which are better when
larger, are mirrored here, so that smaller is better throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from engine.spec import Experiment, Plateau

__all__ = ["EarlyStopping", "PlateauRate"]


def _sign(monitor: str) -> int:
    """-1 for a metric that is better when larger."""
    return -1 if monitor.endswith(("accuracy", "r2")) else 1


@dataclass
class EarlyStopping:
    """Keras 3's EarlyStopping, with the differences that docs/numerics.md lists.

    ``best`` is the best value so far and ``wait`` the epochs since the last improvement. ``least`` is the plain
    minimum, for which ``min_delta`` does not count. ``last_finite`` stands in for the best epoch until one is tracked.
    """

    experiment: Experiment
    best: float = inf
    best_epoch: int = 0
    least: float = inf
    least_epoch: int = 0
    last_finite: int = 0
    wait: int = 0

    def see(self, epoch: int, train_loss: float, value: float | None) -> str | None:
        """Judge an epoch, counted from 1, by the monitored value; returns why the run ends, None if it goes on."""
        spec = self.experiment
        if not isfinite(train_loss) or not (value is None or isfinite(value)):
            return "non_finite"
        if self.best_epoch == 0:
            self.last_finite = epoch
        tracked = value is not None and epoch > spec.start_from_epoch
        if tracked and self._out_of_patience(epoch, _sign(spec.monitor) * (value or 0.0)):
            return "early_stopping"
        return "max_epochs" if epoch >= spec.max_epochs else None

    def _out_of_patience(self, epoch: int, value: float) -> bool:
        """An epoch improves where value + |min_delta| < best; it resets ``wait`` only if it beats the baseline, too."""
        spec = self.experiment
        if value < self.least:
            self.least, self.least_epoch = value, epoch
        self.wait += 1
        needed = value + abs(spec.min_delta)
        if needed < self.best:
            self.best, self.best_epoch = value, epoch
            if spec.baseline is None or needed < _sign(spec.monitor) * spec.baseline:
                self.wait = 0
            return False
        return spec.patience is not None and self.wait >= spec.patience and epoch > 1

    @property
    def kept_epoch(self) -> int | None:
        """The epoch whose weights are kept; None if no epoch was finite."""
        return self.best_epoch or self.last_finite or None

    @property
    def argmin_epoch(self) -> int | None:
        """The epoch with the plainly best value."""
        return self.least_epoch or self.kept_epoch


class PlateauRate:
    """Keras' ReduceLROnPlateau: the base rate η, times ``factor`` after ``patience`` epochs without a better value.

    Under every other schedule η stays that of the optimizer. While a ``cooldown`` lasts, no epoch is counted.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.eta = experiment, experiment.optimizer.learning_rate
        self.best, self.wait, self.cooldown = inf, 0, 0

    def see(self, value: float | None) -> None:
        """Look at the monitored value of an epoch; an undefined one is passed over."""
        rule = self.experiment.schedule
        if not isinstance(rule, Plateau) or value is None or not isfinite(value):
            return
        value *= _sign(self.experiment.monitor)
        if self.cooldown > 0:
            self.cooldown, self.wait = self.cooldown - 1, 0
        if value < self.best - rule.min_delta:
            self.best, self.wait = value, 0
        elif self.cooldown == 0:
            self.wait += 1
            if self.wait >= rule.patience and self.eta > rule.min_learning_rate:
                self.eta = max(self.eta * rule.factor, rule.min_learning_rate)
                self.cooldown, self.wait = rule.cooldown, 0
