"""What every field of a specification means, in the words of the API's documentation."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FIELD_EXAMPLES", "FIELD_WORDS"]

_LEARNING_RATE = "Length of a step, η."
_EPSILON = "Added to the denominator."
_ADAM = {
    "learning_rate": _LEARNING_RATE,
    "beta1": "Decay of the mean of gradients.",
    "beta2": "Decay of the mean of squared gradients.",
    "epsilon": _EPSILON,
}
_GAMMA = "Factor of each reduction."
_WARMUP = "Steps in which the rate first rises in a straight line."
_TOTAL = "Steps from beginning to end; null takes all that `max_epochs` leaves."
_LAMBDA = "λ of this layer."
_CHECKPOINT = (
    "`id` of a checkpoint of an experiment that has ended, see `GET /v1/experiments/{experiment_id}/checkpoints`: its "
    "id and `/best` or `/last`; an experiment's id alone means its best. The networks must have the same shape."
)
_REDUCTION = "Whether a row's loss is the sum or the mean over the outputs."

FIELD_EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "Given": {"checkpoint": "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best"},
}
"""Examples of fields whose type does not show what a value looks like."""

FIELD_WORDS: Mapping[str, Mapping[str, str]] = {
    "Experiment": {
        "architecture": "Hidden layers, input to output: a number of units, or an object. `[]` is a linear model.",
        "activation": "Activation of every hidden layer that does not name its own.",
        "penalty": "Added to the data loss: nothing, λ/n Σ|w| (`l1`), λ/(2n) Σw² (`l2`), or a mixture.",
        "lambda": "The textbook λ: divided by n, the training rows. Biases are never penalized.",
        "lambda_convention": "In whose terms every λ is given: the textbook's, `l1` and `l2` of Keras, `weight_decay` "
        "of PyTorch, `alpha` of scikit-learn's MLP. An answer has the textbook's.",
        "l1_ratio": "`elastic_net` only: the share of L1 in the mixture.",
        "l1_update": "`proximal` reaches exact zeros; `subgradient` adds λ/n sgn(w) to the gradient and does not.",
        "bias_init": "How biases begin; `auto` is what `init` implies: zeros, or N(0, 1) for `large` and `scaled`.",
        "init": "How weights begin. `auto` is `he_normal` before relu, else `glorot_uniform`; `given` is a checkpoint. "
        "An answer shows what each layer got: one initializer for all layers, or `per_layer`.",
        "patience": "Stop after this many epochs without improvement of `monitor`; null never stops early.",
        "monitor": "What decides which epoch is best. `auto` is `val_loss`, or `train_loss` without validation rows.",
        "min_delta": "A smaller change of `monitor` is no improvement.",
        "start_from_epoch": "Neither track nor stop before this epoch has passed.",
        "baseline": "Patience is not renewed until `monitor` is better than this.",
        "max_epochs": "Passes over the training rows, at most.",
        "optimizer": "How the gradient becomes a step.",
        "schedule": "How the learning rate changes from step to step.",
        "clip_norm": "Scale a longer gradient of all parameters down to this norm; null never does.",
        "max_norm": "Scale a unit's incoming weights down to this norm after each step; null never does.",
        "class_weight": "Weights of the classes in the training loss: `balanced`, or a number for some classes, "
        'such as `{"0": 2}`; the others weigh 1. null weighs all the same.',
        "label_smoothing": "Share of each training label that is spread over all classes.",
        "input_dropout": "Share of the features dropped in training (inverted dropout).",
        "loss": "Loss of a row; `auto` follows from the data set's task.",
        "output": "Activation of the output layer; `auto` follows from the loss.",
        "scaling": "Scaling of the features, fitted on the training rows; `auto` is the data set's own.",
        "target_scaling": "Scaling of regression targets while training.",
        "batch_size": "Rows in a mini-batch.",
        "split": "Which rows train, validate and test: fractions, whole groups, an order, or the data set's own parts.",
        "label_noise": "Share of the training rows that get a wrong label: overfitting on demand.",
        "seed": "Decides initial weights, order of rows and dropout; null draws one and echoes it.",
        "precision": "Floating-point type of the whole computation.",
    },
    "Layer": {
        "units": "Neurons in this layer.",
        "activation": "This layer's activation; null is the experiment's.",
        "dropout": "Share of this layer's outputs dropped in training (inverted dropout).",
        "batch_norm": "Whether values are standardized over the batch before the activation.",
        "init": "How this layer's weights begin; null is the experiment's `init`.",
        "penalty": "This layer's own penalty; null is the experiment's.",
    },
    "Split": {
        "by": "`fractions` shuffles all rows and divides them, `groups` does so with whole groups of the data set's "
        "group column; `auto` is `groups` where there are some.",
        "validation": "Share of all rows that validate: they decide which epoch is best.",
        "test": "Share of all rows kept for the one final test; null is the data set's own test rows.",
        "stratify": "Whether each part gets its share of every class, by groups as nearly as they allow; `auto` does "
        "so for classification.",
        "keep_duplicates_together": "Whether exact copies of a row (of its features) are all in one part.",
        "seed": "Decides the shuffling, and with it which rows are in which part.",
        "train_rows": "Train on a sample of n training rows, which contains every smaller one; null keeps all.",
    },
    "DatasetSplit": {
        "by": "`dataset` takes the validation and test rows that the data set has of its own, as they are.",
        "seed": "Decides which labels `label_noise` flips, and the sample of `train_rows`.",
        "train_rows": "Train on a sample of n training rows, which contains every smaller one; null keeps all.",
    },
    "OrderSplit": {
        "by": "`order` trains on the first rows of an order, validates on those after them, and tests on the last.",
        "column": "The column that gives the order: one of numbers without missing values, or the data set's order "
        "column. Null is the order column or, without one, the stored order. Equal values keep the stored order.",
        "validation": "Share of all rows that validate: they decide which epoch is best.",
        "test": "Share of all rows kept for the one final test; null is the data set's own test rows.",
        "seed": "Decides which labels `label_noise` flips, and the sample of `train_rows`.",
        "train_rows": "Train on a sample of n training rows, which contains every smaller one; null keeps all.",
    },
    "Sgd": {
        "learning_rate": _LEARNING_RATE,
        "momentum": "Share of the last step that is kept, μ.",
        "nesterov": "Look ahead along the momentum; needs some.",
    },
    "Adagrad": {
        "learning_rate": _LEARNING_RATE,
        "epsilon": _EPSILON,
    },
    "RmsProp": {
        "learning_rate": _LEARNING_RATE,
        "rho": "Decay of the mean of squared gradients.",
        "epsilon": _EPSILON,
        "centered": "Subtract the mean gradient's square: divide by the standard deviation.",
        "momentum": "Share of the last step that is kept, μ.",
    },
    "Adam": _ADAM,
    "AdamW": {
        **_ADAM,
        "weight_decay": "Share of each weight taken off per unit of learning rate, beside the gradient.",
    },
    "Constant": {"warmup_steps": _WARMUP},
    "Step": {"step_size": "Steps between two reductions.", "gamma": _GAMMA, "warmup_steps": _WARMUP},
    "MultiStep": {
        "milestones": "Steps after which the rate is reduced.",
        "gamma": _GAMMA,
        "warmup_steps": _WARMUP,
    },
    "Exponential": {"gamma": "Factor per step.", "warmup_steps": _WARMUP},
    "InverseTime": {"decay": "How fast the rate falls.", "warmup_steps": _WARMUP},
    "Polynomial": {
        "total_steps": _TOTAL,
        "power": "1 falls in a straight line, more falls faster at first.",
        "warmup_steps": _WARMUP,
    },
    "Cosine": {
        "period": "Steps from the highest rate to the lowest; null takes all that `max_epochs` leaves.",
        "min_learning_rate": "The lowest rate.",
        "warmup_steps": _WARMUP,
    },
    "OneCycle": {"total_steps": _TOTAL, "warmup_steps": _WARMUP},
    "WarmupCosine": {"total_steps": _TOTAL, "warmup_steps": _WARMUP},
    "Plateau": {
        "factor": "What the rate is multiplied by when `monitor` has stopped improving.",
        "patience": "Epochs without improvement before that.",
        "min_delta": "A smaller change is no improvement.",
        "cooldown": "Epochs after a reduction that are not counted.",
        "min_learning_rate": "The lowest rate.",
        "warmup_steps": _WARMUP,
    },
    "L1": {"lambda": _LAMBDA},
    "L2": {"lambda": _LAMBDA},
    "ElasticNet": {"lambda": _LAMBDA, "l1_ratio": "The share of L1 in the mixture."},
    "Normal": {"std": "Standard deviation of the values."},
    "Uniform": {"limit": "Values are between minus this and this."},
    "Given": {"checkpoint": _CHECKPOINT},
    "PerLayer": {"layers": "An initializer for each layer, first to last; the last is the output layer."},
    "Orthogonal": {"gain": "Length of the orthogonal vectors."},
    "LeakyRelu": {"negative_slope": "Slope below 0."},
    "Elu": {"alpha": "Minus the value far below 0."},
    "SquaredError": {"reduction": _REDUCTION},
    "BinaryCrossEntropy": {"reduction": _REDUCTION},
    "AbsoluteError": {"reduction": _REDUCTION},
    "Huber": {"reduction": _REDUCTION, "delta": "Errors above this count linearly."},
    "Divide": {"divide_by": "Constant that every feature is divided by."},
}
"""For each record its fields, spelled as in JSON."""
