"""Shared start of all commands: settings and a usable database, or one sentence that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

__all__ = ["WrongError", "check_database_url", "database_error", "read_settings"]


class WrongError(Exception):
    """Something a person can put right; the message says what."""


def read_settings() -> Settings:
    """The settings of the environment; raises WrongError."""
    from pydantic import ValidationError

    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            f"TRAINYARD_{str(each['loc'][0]).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
        raise WrongError(". ".join(wrong)) from error


def check_database_url(settings: Settings) -> None:
    """Raise WrongError if the database's URL is none, or the file with its password cannot be read."""
    from service.storage.database import Database, DatabaseUrlError

    try:
        Database(settings.resolved_database_url)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise WrongError(
            f"TRAINYARD_DATABASE_PASSWORD_FILE: cannot read {settings.database_password_file}: {reason}."
        ) from error
    except DatabaseUrlError as error:
        raise WrongError(f"TRAINYARD_DATABASE_URL: {error}") from error


def database_error(settings: Settings, error: DBAPIError) -> WrongError:
    """The message for a failing database, naming the setting."""
    reason = str(error.orig).strip().partition("\n")[0].rstrip(".")
    which = " It is the one of TRAINYARD_DATABASE_URL." if settings.database_url else ""
    return WrongError(f"The database cannot be used: {reason}.{which}")
