"""A program: the engine alone, given specifications as JSON, prints the hashes of what it ends with."""

from engine import blas

blas.prepare()

import hashlib  # noqa: E402 - the lines above come before NumPy
import json  # noqa: E402 - see above
import sys  # noqa: E402 - see above
from typing import Any  # noqa: E402 - see above

from engine import Experiment, train  # noqa: E402 - see above
from engine.safetensors import to_safetensors  # noqa: E402 - see above
from service.datasets import catalog  # noqa: E402 - see above
from service.datasets.loading import load  # noqa: E402 - see above


def fingerprints(spec: dict[str, Any]) -> dict[str, str]:
    """The hash of each checkpoint, at the end or after the epoch ``until``."""
    found = catalog.find(spec.pop("dataset"))
    assert found is not None
    until = spec.pop("until", None)
    dataset = load(found.name, found.version)
    result = train(Experiment.from_document(spec), dataset, on_epoch=lambda report: report.epoch == until)
    return {
        kind: hashlib.sha256(to_safetensors(checkpoint)).hexdigest()
        for kind, checkpoint in (("best", result.best), ("last", result.last))
        if checkpoint is not None
    }


if __name__ == "__main__":
    json.dump([fingerprints(spec) for spec in json.load(sys.stdin)], sys.stdout)
