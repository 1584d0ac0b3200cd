"""What proves to a Dask scheduler that it is us, and to us that it is the scheduler."""

from __future__ import annotations

from collections.abc import Iterable

from distributed.security import Security

from service.settings import Settings

__all__ = ["SchedulerError", "security"]

_NAMES = ("scheduler_ca_file", "scheduler_cert_file", "scheduler_key_file")


class SchedulerError(Exception):
    """The settings of an outside scheduler do not go together; the message says why, for people."""


def security(settings: Settings) -> Security | None:
    """The certificates for a ``tls://`` scheduler, None for a ``tcp://`` one; raises SchedulerError.

    Both sides show a certificate that the same authority signed, and refuse whoever has none.
    """
    files = {name: getattr(settings, name) for name in _NAMES}
    if not (settings.scheduler or "").startswith("tls://"):
        if unused := _variables(name for name, file in files.items() if file is not None):
            raise SchedulerError(f"{unused} only counts where TRAINYARD_SCHEDULER is tls://host:port.")
        return None
    if missing := _variables(name for name, file in files.items() if file is None):
        raise SchedulerError(f"A tls:// scheduler also needs {missing}: files in PEM format.")
    if absent := _variables(name for name, file in files.items() if not file.is_file()):
        raise SchedulerError(f"There is no such file as {absent} says.")
    return Security(
        require_encryption=True,
        tls_ca_file=str(settings.scheduler_ca_file),
        tls_client_cert=str(settings.scheduler_cert_file),
        tls_client_key=str(settings.scheduler_key_file),
    )


def _variables(names: Iterable[str]) -> str:
    return " and ".join(f"TRAINYARD_{name.upper()}" for name in names)
