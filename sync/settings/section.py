"""What all sections share, and those of the program itself: its database, the daemon, and its mails."""

import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

MailAddress = Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]


class Section(BaseModel):
    """A section of the configuration; what stands below a key says what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def read_secret(values: Any, name: str) -> Any:
    """Fill `name` from the file named by `name`_file, so that a secret may live outside the configuration."""
    named = values.get(f"{name}_file") if isinstance(values, dict) else None
    if isinstance(named, str | Path) and named and not values.get(name):
        path = Path(named).expanduser()
        try:
            values = {**values, name: _text_of(path).strip()}
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise ValueError(f"{name}_file cannot be read: {reason} ({path})") from None
    if isinstance(values, dict) and values.get(name) == "":
        raise ValueError(f"{name} is empty")
    return values


LONGEST_SECRET_FILE = 65536


def _text_of(path: Path) -> str:
    """Return the text of a file that holds a secret: an ordinary and short one, else nobody knows when it ends."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is no ordinary file")
        text = file.read(LONGEST_SECRET_FILE + 1)
    if len(text) > LONGEST_SECRET_FILE:
        raise OSError(0, f"it is longer than {LONGEST_SECRET_FILE} characters")
    return text


class DatabaseSettings(Section):
    """Where the program keeps what it knows."""

    url: SecretStr | None = None
    """The Postgres database, `postgresql://user:password@host/database`. Without it the program starts a Postgres of
    its own below `data_dir`."""
    url_file: Path | None = None
    """A file that holds the `url`, since that has the password in it."""
    data_dir: Path = Path(".alma-folio-sync")
    """The folder of the reports, and of the program's own Postgres."""
    keep_days: int = Field(default=180, ge=7, le=3650)
    """How many days runs, their plans and the records as they were before them are kept: an undo reaches back as far
    as that."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return read_secret(values, "url")

    @field_validator("url")
    @classmethod
    def _psycopg(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        text = url.get_secret_value()
        for scheme in ("postgresql://", "postgres://"):
            text = text.replace(scheme, "postgresql+psycopg://", 1)
        if not text.startswith("postgresql+psycopg://"):
            raise ValueError("only Postgres is supported: postgresql://user:password@host/database")
        return SecretStr(text)


class DaemonSettings(Section):
    """How the daemon works."""

    listen: Annotated[str, Field(pattern=r"^$|^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$")] = "127.0.0.1:9464"
    """Where `/healthz`, `/readyz` and `/metrics` answer, by default to this machine only; "" for nowhere."""
    poll_seconds: float = Field(default=30, gt=0, le=3600)
    """How often it looks for plans that were approved, and for work that another daemon gave up."""
    retry_seconds: float = Field(default=60, gt=0, le=86400)
    """After what time a run that failed is tried again; then after five times longer each time."""
    attempts: int = Field(default=4, ge=1, le=20)
    """After how many attempts a run that failed is left for a person."""


class MailSettings(Section):
    """To whom the daemon writes after a run that changed something, failed, or needs a decision."""

    host: str = Field(min_length=1)
    """The mail server."""
    port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    """How the server is spoken to: `starttls`, `tls` from the beginning, or `none` on the same machine."""
    username: str = ""
    """The name to log in with; without it no login is tried."""
    password: SecretStr = SecretStr("")
    """Its password."""
    password_file: Path | None = None
    """A file that holds the password."""
    sender: MailAddress
    """The address the mails come from."""
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1)]
    """The addresses they go to."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return read_secret(values, "password")
