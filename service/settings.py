"""Settings of the service: environment variables named ``TRAINYARD_*``, read once and passed in."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["QUOTAS_WITH_AUTH", "Network", "Settings"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

QUOTAS_WITH_AUTH: Mapping[str, int] = MappingProxyType(
    {
        "max_queued_per_owner": 1_000,
        "max_stored_bytes_per_owner": 10 * 2**30,
        "max_requests_per_minute": 6_000,
        "max_time_limit": 24 * 3600,
        "max_estimated_seconds": 24 * 3600,
    }
)
"""Default quotas with ``auth`` on; with ``auth`` off there are no limits."""


def _available_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


# postgresql://user@host…: the place of a password that is not there.
_NO_PASSWORD = re.compile(r"(postgres[a-z+]*://[^/?#@:]+)(?=@)")


def _scheduler(address: str) -> str:
    if not re.fullmatch(r"(tcp|tls)://[^/\s]+:[0-9]{1,5}", address):
        message = "Input should be tcp://host:port or tls://host:port"
        raise ValueError(message)
    return address


def _origins(text: str) -> tuple[str, ...]:
    """Read origins and write them as browsers do: in lower case, without the port that the scheme has anyway."""
    origins = tuple(each.strip().lower() for each in text.split(",") if each.strip())
    for origin in origins:
        if not re.fullmatch(r"\*|https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", origin):
            message = (
                "Input should be origins such as https://example.org, separated by commas, or *; "
                "a host of other letters in its form xn--…"
            )
            raise ValueError(message)
    return tuple(each.removesuffix(":80" if each.startswith("http://") else ":443") for each in origins)


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        message = "Input should be addresses or networks such as 10.0.0.5 or 10.0.0.0/24, separated by commas"
        raise ValueError(message) from error


def _none(given: Any) -> Any:
    return None if given == "none" else given


Quota = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_none)]
"""A limit; ``none`` disables it."""


class Settings(BaseSettings):
    """Settings of the service: addresses, storage, workers and limits.

    A variable that is set but empty counts as not set, so that a compose file can pass all of them on.
    """

    model_config = SettingsConfigDict(env_prefix="TRAINYARD_", env_ignore_empty=True, frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(
        default=Path("trainyard-data"), validate_default=True
    )
    database_url: str | None = None
    database_password_file: Path | None = None
    workers: int = Field(default_factory=_available_cores, ge=1, le=4096)
    scheduler: Annotated[str, AfterValidator(_scheduler)] | None = None
    scheduler_ca_file: Path | None = None
    scheduler_cert_file: Path | None = None
    scheduler_key_file: Path | None = None
    scheduler_insecure: bool = False
    worker_memory_bytes: int | None = Field(default=None, ge=2**26)
    readers: int = Field(default_factory=lambda: min(2, _available_cores()), ge=1, le=64)
    reader_memory_bytes: int | None = Field(default=None, ge=2**26)
    access_log: bool = True
    auth: Literal["off", "on"] = "off"
    open_to_everyone: bool = False
    key_pepper: SecretStr | None = Field(default=None, min_length=32)
    key_pepper_file: Path | None = None
    max_upload_bytes: int = Field(default=2 * 2**30, ge=1)
    dataset_cache_bytes: int = Field(default=10 * 2**30, ge=1)
    turn_seconds: float = Field(default=300.0, ge=0)
    max_queued_per_owner: Quota = None
    max_running_per_owner: Quota = None
    max_stored_bytes_per_owner: Quota = None
    max_parameter_epochs: Quota = None
    max_requests_per_minute: Quota = None
    max_time_limit: Quota = None
    max_estimated_seconds: Quota = None
    max_memory: Quota = None
    max_failed_keys_per_minute: Quota = 60
    max_connections_per_address: int = Field(default=200, ge=1)
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=(), validate_default=False
    )

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = Field(
        default=(), validate_default=False
    )

    @model_validator(mode="before")
    @classmethod
    def _with_quotas(cls, given: Any) -> Any:
        """Apply the quotas of a service with keys where none is set."""
        if isinstance(given, dict) and given.get("auth") == "on":
            return {**QUOTAS_WITH_AUTH, **given}
        return given

    @property
    def resolved_database_url(self) -> str:
        """The database's URL: the one that was set, or an SQLite file in the data directory.

        A PostgreSQL URL without a password gets the one of ``database_password_file``; raises OSError if that
        file cannot be read.
        """
        url = self.database_url or f"sqlite:///{self.data_dir / 'trainyard.sqlite3'}"
        if self.database_password_file is None or not (found := _NO_PASSWORD.match(url)):
            return url
        password = self.database_password_file.read_text(encoding="utf-8").rstrip("\r\n")
        return f"{found[0]}:{quote(password, safe='')}{url[found.end() :]}"
