"""Logging of every process to standard error: readable lines on a terminal, elsewhere one JSON object per line."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from service.http.redaction import redacted

__all__ = ["configure_logs", "current_request_id"]

_HANDLER = "trainyard"


def configure_logs() -> None:
    """Set up structlog for this process, and have the standard library's loggers write the same lines."""
    terminal = sys.stderr.isatty()
    context: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    rendering: list[Processor] = (
        [_without_secrets, structlog.dev.ConsoleRenderer(timestamp_key="time")]
        if terminal
        else [
            structlog.processors.format_exc_info,
            _without_secrets,
            structlog.processors.JSONRenderer(default=str),
        ]
    )
    structlog.configure(
        processors=[*context, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # One write a line: processes share the pipe, and with PYTHONUNBUFFERED a line and its end would be two.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    if any(handler.name == _HANDLER for handler in root.handlers):
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.name = _HANDLER
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=context,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root.addHandler(handler)


def current_request_id() -> str | None:
    """The id of the request that is being answered, if any is."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


def _without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take the secrets of API keys out of everything that is written."""
    return {name: _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:
    return redacted(value) if isinstance(value, str) else value
