"""Sets up the log: to standard error, for people or as JSON, each line with a stable `action=`, never with a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import stamina.instrumentation
import structlog

from sync.errors import ConfigurationError
from sync.transport.redaction import redact_event

LEVELS = ("debug", "info", "warning", "error", "critical")

LIBRARY_LEVEL = logging.WARNING
"""What libraries have to say is heard from this level on, whatever our own level."""


_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Control characters except the line feed: some of them command a terminal."""

_RAW_IN_JSON = re.compile(r"[\x7f-\x9f]")


def printable(text: str) -> str:
    """Return the text with blanks in place of control characters; lines stay lines."""
    return _CONTROLS.sub(" ", text)


def escaped(json_text: str) -> str:
    """Return JSON in which the control characters that JSON permits raw are escaped too."""
    return _RAW_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


class _LibraryHandler(logging.StreamHandler[Any]):
    """Marks our handler, so that a second set-up replaces it and leaves others alone."""


def configure_logging(level: str = "info", form: Literal["text", "json"] = "text") -> None:
    """Write log lines of `level` (debug, info, warning, error, critical) and above to standard error.

    `form` text is for people, json for machines: one object a line. Lines of libraries go the same way, from warning
    on.
    Raises ConfigurationError for another level or form.
    """
    if level.lower() not in LEVELS:
        raise ConfigurationError(f"unknown log level {level!r}; one of {', '.join(LEVELS)}")
    if form not in {"text", "json"}:
        raise ConfigurationError(f"unknown log form {form!r}; text or json")
    # our own http.retry line says what stamina's would, and has an action
    stamina.instrumentation.set_on_retry_hooks(())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # tracebacks become text before the redaction, so that it reads them too
    last: list[Any] = [structlog.processors.format_exc_info, redact_event]
    last += [_make_printable, _renderer(form)] if form == "text" else [_renderer(form), _escape]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _configure_libraries(shared, last)


def _configure_libraries(shared: list[Any], last: list[Any]) -> None:
    handler = _LibraryHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_library],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _LibraryHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(LIBRARY_LEVEL)


def _name_library(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    event["action"] = "library"
    if isinstance(record, logging.LogRecord):
        event["library"] = record.name
    return event


def _make_printable(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the event with texts that cannot command a terminal: systems answer what they like."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = printable(value)
    return event


def _escape(_logger: Any, _method: str, line: str) -> str:
    return escaped(line)


def _renderer(form: str) -> Any:
    if form == "json":
        return structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
