"""Mutual TLS between the engine and a Dask scheduler."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from service.settings import Settings

if TYPE_CHECKING:
    from distributed.security import Security

__all__ = ["SchedulerError", "security"]

_NAMES = ("scheduler_ca_file", "scheduler_cert_file", "scheduler_key_file")
_INSECURE = (
    "A tcp:// scheduler runs code sent by any process that can reach it: use tls:// with certificates, or "
    "set TRAINYARD_SCHEDULER_INSECURE=true on a private network."
)


class SchedulerError(Exception):
    """The settings of an outside scheduler do not go together; the message says why, for people."""


def security(settings: Settings) -> Security | None:
    """The certificates for a ``tls://`` scheduler, None for an insecure ``tcp://`` one; raises SchedulerError.

    Both sides show a certificate signed by the same authority, and refuse a peer without one. Over plain ``tcp://``
    every process that reaches the scheduler runs code in it and its workers, so that has to be allowed by name.
    """
    if find_spec("distributed") is None:
        message = "TRAINYARD_SCHEDULER needs Dask, which is not installed: pip install 'trainyard[cluster]'."
        raise SchedulerError(message)
    files = {name: getattr(settings, name) for name in _NAMES}
    if not (settings.scheduler or "").startswith("tls://"):
        if unused := _variables(name for name, file in files.items() if file is not None):
            raise SchedulerError(f"{unused} only applies if TRAINYARD_SCHEDULER is tls://host:port.")
        if not settings.scheduler_insecure:
            raise SchedulerError(_INSECURE)
        return None
    if missing := _variables(name for name, file in files.items() if file is None):
        raise SchedulerError(f"A tls:// scheduler also needs {missing}: files in PEM format.")
    if absent := _variables(name for name, file in files.items() if not file.is_file()):
        raise SchedulerError(f"The file in {absent} does not exist.")
    from distributed.security import Security  # noqa: PLC0415 - installed with the extra "cluster" only

    return Security(
        require_encryption=True,
        tls_ca_file=str(settings.scheduler_ca_file),
        tls_client_cert=str(settings.scheduler_cert_file),
        tls_client_key=str(settings.scheduler_key_file),
    )


def _variables(names: Iterable[str]) -> str:
    return " and ".join(f"TRAINYARD_{name.upper()}" for name in names)
