"""From gradients to new weights: optimizers, penalties, clipping and schedules."""
