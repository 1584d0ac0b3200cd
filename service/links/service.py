"""Create, list and delete the links of an experiment.

A link is a key of the experiment's owner with the scope ``read`` that the gate lets see this experiment and nothing
else: it is stored, checked and redacted like any other key.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.errors import Conflict, NotFound
from service.experiments import service as experiments
from service.keys import service as access
from service.keys.service import NewToken, Row
from service.keys.submission import NewKey
from service.links.submission import NewLink

__all__ = ["MOST_LINKS", "create", "delete", "list_all"]

MOST_LINKS = 100
"""Maximum number of links of an experiment."""


def create(
    session: Session, pepper: bytes, owner: str, experiment_id: str, new: NewLink, *, confirmed: bool
) -> NewToken:
    """Create a link of an owner's experiment; raises NotFound, and Conflict if it has too many."""
    if len(list_all(session, owner, experiment_id)) >= MOST_LINKS:
        message = f"An experiment has at most {MOST_LINKS} links; delete one you no longer need."
        raise Conflict(message)
    key = NewKey(owner, new.name, ("read",), new.expires_in_seconds)
    return access.create(session, pepper, key, confirmed=confirmed, experiment_id=experiment_id)


def list_all(session: Session, owner: str, experiment_id: str) -> Sequence[Row]:
    """The links of an owner's experiment, the oldest first; raises NotFound."""
    experiments.read(session, owner, experiment_id)
    return access.links(session, experiment_id)


def delete(session: Session, owner: str, experiment_id: str, link_id: str) -> None:
    """Revoke a link of an owner's experiment, from the next request on; raises NotFound."""
    experiments.read(session, owner, experiment_id)
    if not access.delete_link(session, experiment_id, link_id):
        message = f"This experiment has no link {link_id[:64]}."
        raise NotFound(message)
