"""Initial checkpoint of an experiment: its own copy of the weights it started from."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from service.checkpoints import repository
from service.checkpoints.safetensors import DamagedCheckpoint, Reader
from service.errors import Damaged

__all__ = ["INITIAL", "damaged", "keep", "modules"]

INITIAL = "initial"
"""Its kind."""


def modules(session: Session, experiment_id: str, kind: str) -> Sequence[str] | None:
    """The modules of the network that a checkpoint was trained as; None if there is no such checkpoint.

    Only the header is looked at. Raises Damaged.
    """
    row = repository.find(session, experiment_id, kind)
    if row is None:
        return None
    try:
        document = json.loads(Reader(_pieces(session, experiment_id, kind)).metadata["document"])
        found: Sequence[str] = document.get("unfolded_modules", document["modules"])
    except (DamagedCheckpoint, LookupError, TypeError, ValueError, AttributeError):
        raise damaged(experiment_id, kind) from None
    return found


def damaged(experiment_id: str, kind: str) -> Damaged:
    """The error of a checkpoint whose bytes are not those of its hash."""
    way_out = (
        "Restore the database from a backup, or train the experiment again; `trainyard verify` lists all "
        "damage."
    )
    return Damaged(f"Checkpoint {experiment_id}/{kind}", way_out)


def _pieces(session: Session, experiment_id: str, kind: str) -> Iterator[bytes]:
    """A checkpoint's bytes, read as far as they are asked for."""
    for position in itertools.count():
        piece = repository.find_piece(session, experiment_id, kind, position)
        if piece is None or piece.content is None:
            return
        if piece.piece_sha256 not in {None, hashlib.sha256(piece.content).hexdigest()}:
            raise DamagedCheckpoint("A piece differs from the one that was stored.")
        yield piece.content


def keep(session: Session, experiment_id: str, kind: str, *, of: str) -> None:
    """Share another experiment's checkpoint ``of`` as this one's initial checkpoint."""
    repository.share(session, (of, kind), (experiment_id, INITIAL))
