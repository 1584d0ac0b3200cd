"""A program: the engine alone, given specifications as JSON, prints the hashes of what it ends with."""

from engine import blas

blas.prepare()

import hashlib  # noqa: E402 - the lines above come before NumPy
import json  # noqa: E402 - see above
import sys  # noqa: E402 - see above
from typing import Any  # noqa: E402 - see above

from engine import Experiment, train  # noqa: E402 - see above
from engine.checkpoint import to_safetensors  # noqa: E402 - see above
from service.datasets import catalog  # noqa: E402 - see above
from service.datasets.loading import load  # noqa: E402 - see above


def fingerprints(spec: dict[str, Any]) -> dict[str, str]:
    """The hash of each checkpoint."""
    found = catalog.find(spec.pop("dataset"))
    assert found is not None
    result = train(Experiment.from_document(spec), load(found.name, found.version))
    assert result.best is not None
    return {
        kind: hashlib.sha256(to_safetensors(checkpoint)).hexdigest()
        for kind, checkpoint in (("best", result.best), ("last", result.last))
    }


if __name__ == "__main__":
    json.dump([fingerprints(spec) for spec in json.load(sys.stdin)], sys.stdout)
