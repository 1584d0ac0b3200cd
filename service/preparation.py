"""Create the secrets that several containers share: a password, a pepper and certificates.

``trainyard prepare`` makes those that the settings name and that are not there yet. It never changes one that is.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from service.access.pepper import PepperError, read_pepper
from service.http.exposure import ExposedError, refuse_exposure
from service.settings import Settings

__all__ = ["PreparationError", "prepare", "unknown_settings"]

_PREFIX = "TRAINYARD_"
_PASSWORD_BYTES = 32
_LIFETIME_DAYS = 3650

# The key of the authority goes with the folder: with it, anything could join the cluster.
_CERTIFICATE_COMMANDS = f"""\
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {_LIFETIME_DAYS} \
-subj "/CN=Trainyard authority" -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout authority.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=Trainyard cluster" \
-keyout key.pem -out request.pem
printf "basicConstraints=CA:FALSE\\nauthorityKeyIdentifier=keyid\\nsubjectKeyIdentifier=hash\\n" > extensions
openssl x509 -req -days {_LIFETIME_DAYS} -in request.pem -CA ca.pem -CAkey authority.key -CAcreateserial \
-extfile extensions -out certificate.pem
"""


class PreparationError(Exception):
    """Something cannot be made; the message says why, for people."""


def unknown_settings(environment: Iterable[str]) -> list[str]:
    """Names of variables that look like settings and are none, as misspelled ones do."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    # Exactly as documented: Compose puts TRAINYARD_WORKERS into a command, and would not see trainyard_workers.
    return sorted(name for name in environment if name.upper().startswith(_PREFIX) and name not in known)


def prepare(settings: Settings) -> None:
    """Create the missing files that the settings name; raises PreparationError.

    Nothing is made where the settings would let everybody in by mistake, or cannot work.
    """
    if settings.scheduler is not None and (settings.database_url or "sqlite").startswith("sqlite"):
        message = "TRAINYARD_DATABASE_URL: the workers of a Dask scheduler need a PostgreSQL database."
        raise PreparationError(message)
    try:
        refuse_exposure(settings)
        if settings.database_password_file is not None:
            _make_password(settings.database_password_file)
        if settings.auth == "on":
            read_pepper(settings)
        _make_certificates(settings)
    except (ExposedError, PepperError) as error:
        raise PreparationError(str(error)) from error
    except OSError as error:
        raise PreparationError(f"Cannot create or read {error.filename}: {error.strerror}.") from error


def _make_password(file: Path) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(f"{secrets.token_urlsafe(_PASSWORD_BYTES)}\n", encoding="ascii")
    draft.chmod(0o600)
    draft.replace(file)


def _make_certificates(settings: Settings) -> None:
    """Create an authority, and one certificate for all processes of the cluster."""
    authority, certificate, key = (
        settings.scheduler_ca_file,
        settings.scheduler_cert_file,
        settings.scheduler_key_file,
    )
    # The authority's file is moved last: while it is missing, the other two are left over from an interrupted start.
    if authority is None or certificate is None or key is None or authority.exists():
        return
    authority.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=authority.parent) as folder:
        _run_openssl(Path(folder))
        for made, place in (("key.pem", key), ("certificate.pem", certificate), ("ca.pem", authority)):
            draft = Path(folder, made)
            draft.chmod(0o600)
            draft.replace(place)


def _run_openssl(folder: Path) -> None:
    made = subprocess.run(  # noqa: S603 - the commands are those above
        ["/bin/sh", "-euc", _CERTIFICATE_COMMANDS],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath)},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PreparationError(f"openssl could not create the certificates: {reason}")
