"""Descriptions of every field of a specification, for the API's documentation."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FIELD_EXAMPLES", "FIELD_WORDS"]

_LEARNING_RATE = "Learning rate (step size), η."
_EPSILON = "Added to the denominator."
_ADAM = {
    "learning_rate": _LEARNING_RATE,
    "beta1": "Decay rate of the moving average of gradients.",
    "beta2": "Decay rate of the moving average of squared gradients.",
    "epsilon": _EPSILON,
}
_GAMMA = "Factor applied at each reduction."
_WARMUP = "Steps of linear warm-up of the learning rate."
_TOTAL = "Steps of the whole schedule; null takes all steps that `max_epochs` leaves."
_LAMBDA = "λ of this layer."
_CHECKPOINT = (
    "Checkpoint of an experiment that has ended, see `GET /v1/experiments/{experiment_id}/checkpoints`: "
    "the experiment's id with `/best` or `/last`; the id alone means the best. The networks must have the "
    "same shape."
)
_REDUCTION = "Whether a row's loss is the sum or the mean over the outputs."

FIELD_EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "Given": {"checkpoint": "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best"},
}
"""Examples of fields whose type does not show the form of their values."""

FIELD_WORDS: Mapping[str, Mapping[str, str]] = {
    "Experiment": {
        "architecture": "Hidden layers, input to output: a number of units, or an object each. `[]` is a linear model.",
        "activation": "Activation of hidden layers that do not set their own.",
        "penalty": "Penalty added to the data loss: none, λ/n Σ|w| (`l1`), λ/(2n) Σw² (`l2`), or a mixture.",
        "lambda": "λ in the textbook's convention: divided by n, the training rows. Biases are never penalized.",
        "lambda_convention": "Convention in which every λ is given: the textbook's, `l1` and `l2` of Keras, "
        "`weight_decay` of PyTorch, or `alpha` of scikit-learn's MLP. Responses use the textbook's.",
        "l1_ratio": "`elastic_net` only: share of L1 in the mixture.",
        "l1_update": "`proximal` reaches exact zeros; `subgradient` adds λ/n sgn(w) to the gradient and does not.",
        "bias_init": "Initializer of biases; `auto` follows from `init`: N(0, 1) for `large` and `scaled`, else zeros.",
        "init": "Initializer of weights. `auto` is `he_normal` before relu, else `glorot_uniform`; `given` is a "
        "checkpoint. Responses show each layer's initializer: one for all, or `per_layer`.",
        "patience": "Stop after this many epochs without improvement of `monitor`; null disables early stopping.",
        "monitor": (
            "Metric that selects the best epoch. `auto` is `val_loss`, or `train_loss` without validation "
            "rows."
        ),
        "min_delta": "Minimum change of `monitor` that counts as an improvement.",
        "start_from_epoch": "Ignore epochs before this one for tracking and early stopping.",
        "baseline": "Patience is not renewed until `monitor` is better than this.",
        "max_epochs": "Maximum number of passes over the training rows.",
        "optimizer": "Optimizer.",
        "schedule": "Learning rate schedule, applied per step.",
        "clip_norm": "Maximum norm of the gradient of all parameters; longer ones are scaled down. Null disables it.",
        "max_norm": "Maximum norm of a unit's incoming weights, enforced after each step. Null disables it.",
        "class_weight": 'Class weights in the training loss: `balanced`, or weights for some classes, such as `{"0": '
        "2}`; other classes weigh 1. Null weighs all classes equally.",
        "label_smoothing": "Label smoothing: share of each training label spread evenly over all classes.",
        "input_dropout": "Share of input features dropped during training (inverted dropout).",
        "loss": "Loss function; `auto` follows from the task.",
        "output": "Activation of the output layer; `auto` follows from the loss.",
        "scaling": "Scaling of the features, fitted on the training rows; `auto` is the data set's own.",
        "target_scaling": "Scaling of regression targets during training.",
        "batch_size": "Number of rows per mini-batch.",
        "split": (
            "How rows are divided into training, validation and test rows: by fractions, whole groups, an "
            "order, or the data set's predefined splits."
        ),
        "label_noise": "Share of training rows that get a wrong label, to provoke overfitting.",
        "seed": "Seed of initial weights, row order and dropout; null draws one and returns it.",
        "precision": "Floating-point type of the whole computation.",
    },
    "Layer": {
        "units": "Number of units.",
        "activation": "Activation of this layer; null uses the experiment's.",
        "dropout": "Share of this layer's outputs dropped during training (inverted dropout).",
        "batch_norm": "Whether to apply batch normalization before the activation.",
        "init": "Initializer of this layer's weights; null uses the experiment's `init`.",
        "penalty": "Penalty of this layer; null uses the experiment's.",
    },
    "Split": {
        "by": "`fractions` shuffles all rows and divides them; `groups` does the same with whole groups of the "
        "data set's group column. `auto` is `groups` if there is a group column.",
        "validation": "Share of all rows used for validation, which determines the best epoch.",
        "test": "Share of all rows held out for the one final test; null uses the data set's own test rows.",
        "stratify": "Whether to stratify by class, by groups as closely as they allow; `auto` does so for "
        "classification.",
        "keep_duplicates_together": "Whether rows with identical features stay in the same split.",
        "seed": "Seed of the shuffle, which determines the rows of each split.",
        "train_rows": "Train on a sample of n training rows; larger samples contain smaller ones. Null keeps all.",
    },
    "DatasetSplit": {
        "by": "`dataset` uses the data set's predefined validation and test rows.",
        "seed": "Seed of `label_noise` and of the sample of `train_rows`.",
        "train_rows": "Train on a sample of n training rows; larger samples contain smaller ones. Null keeps all.",
    },
    "OrderSplit": {
        "by": "`order` trains on the first rows of an order, validates on the next ones, and tests on the last.",
        "column": "Column that gives the order: a numeric column without missing values, or the data set's order "
        "column. Null uses the order column or, without one, the stored order. Ties keep the stored "
        "order.",
        "validation": "Share of all rows used for validation, which determines the best epoch.",
        "test": "Share of all rows held out for the one final test; null uses the data set's own test rows.",
        "seed": "Seed of `label_noise` and of the sample of `train_rows`.",
        "train_rows": "Train on a sample of n training rows; larger samples contain smaller ones. Null keeps all.",
    },
    "Sgd": {
        "learning_rate": _LEARNING_RATE,
        "momentum": "Momentum μ: share of the last step that is kept.",
        "nesterov": "Whether to use Nesterov momentum; needs `momentum` above 0.",
    },
    "Adagrad": {
        "learning_rate": _LEARNING_RATE,
        "epsilon": _EPSILON,
    },
    "RmsProp": {
        "learning_rate": _LEARNING_RATE,
        "rho": "Decay rate of the moving average of squared gradients.",
        "epsilon": _EPSILON,
        "centered": "Whether to divide by the standard deviation of gradients instead of their root mean square.",
        "momentum": "Momentum μ: share of the last step that is kept.",
    },
    "Adam": _ADAM,
    "AdamW": {
        **_ADAM,
        "weight_decay": "Decoupled weight decay: share of each weight subtracted per unit of learning rate.",
    },
    "Constant": {"warmup_steps": _WARMUP},
    "Step": {"step_size": "Steps between two reductions.", "gamma": _GAMMA, "warmup_steps": _WARMUP},
    "MultiStep": {
        "milestones": "Steps after which the learning rate is reduced.",
        "gamma": _GAMMA,
        "warmup_steps": _WARMUP,
    },
    "Exponential": {"gamma": "Factor per step.", "warmup_steps": _WARMUP},
    "InverseTime": {"decay": "Decay rate of the learning rate.", "warmup_steps": _WARMUP},
    "Polynomial": {
        "total_steps": _TOTAL,
        "power": "Exponent of the decay: 1 is linear, larger values fall faster at first.",
        "warmup_steps": _WARMUP,
    },
    "Cosine": {
        "period": "Steps from the highest to the lowest rate; null takes all steps that `max_epochs` leaves.",
        "min_learning_rate": "Lowest learning rate.",
        "warmup_steps": _WARMUP,
    },
    "OneCycle": {"total_steps": _TOTAL, "warmup_steps": _WARMUP},
    "WarmupCosine": {"total_steps": _TOTAL, "warmup_steps": _WARMUP},
    "Plateau": {
        "factor": "Factor applied to the learning rate when `monitor` stops improving.",
        "patience": "Epochs without improvement before a reduction.",
        "min_delta": "Minimum change that counts as an improvement.",
        "cooldown": "Epochs after a reduction that are not counted.",
        "min_learning_rate": "Lowest learning rate.",
        "warmup_steps": _WARMUP,
    },
    "L1": {"lambda": _LAMBDA},
    "L2": {"lambda": _LAMBDA},
    "ElasticNet": {"lambda": _LAMBDA, "l1_ratio": "Share of L1 in the mixture."},
    "Normal": {"std": "Standard deviation of the distribution."},
    "Uniform": {"limit": "Bound of the uniform distribution: values lie between −bound and bound."},
    "Given": {"checkpoint": _CHECKPOINT},
    "PerLayer": {"layers": "One initializer per layer, first to last; the last is for the output layer."},
    "Orthogonal": {"gain": "Gain: length of the orthogonal vectors."},
    "LeakyRelu": {"negative_slope": "Slope for negative inputs."},
    "Elu": {"alpha": "Negative of the limit for very negative inputs."},
    "SquaredError": {"reduction": _REDUCTION},
    "BinaryCrossEntropy": {"reduction": _REDUCTION},
    "AbsoluteError": {"reduction": _REDUCTION},
    "Huber": {"reduction": _REDUCTION, "delta": "Absolute error above which the loss is linear."},
    "Divide": {"divide_by": "Divisor applied to every feature."},
}
"""Field descriptions of each record, with fields named as in JSON."""
