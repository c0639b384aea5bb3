"""The two systems of a pair: where they are, who we are there, and how fast and how often they may be called."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from sync.errors import ConfigurationError
from sync.settings.section import Section, read_secret

HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")]


class _System(Section):
    base_url: HttpUrl
    """Its address."""
    calls_in_flight: int = Field(default=10, ge=1, le=100)
    """How many calls may be under way at once."""
    timeout_seconds: float = Field(default=120, gt=0)
    """How long an answer may take."""

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


class AlmaSettings(_System):
    """One Alma institution. What Alma's documentation leaves open is a key of its own (facts: alma §8)."""

    api_key: SecretStr
    """The API key, with the areas Electronic, Bibs and Configuration: read; to write to Alma, read/write for the first
    two."""
    api_key_file: Path | None = None
    """A file that holds the key."""
    requests_per_second: float = Field(default=25, ge=0, le=1000)
    """The institution's limit, shared by all its programs; 0 is no limit."""
    daily_reserve: int = Field(default=5000, ge=0)
    """How many of the day's calls are left to others, such as the discovery system."""
    sru_url: HttpUrl | None = None
    """The address of Alma's search service (SRU), by which bibs are found by ISSN and ISBN."""
    standalone_mms_ids_file: Path | None = None
    """Portfolios in no collection cannot be listed: this file names their bibs, one MMS ID a line."""
    standalone_package: str = Field(default="Standalone e-resources", min_length=1, max_length=200)
    """The package of FOLIO these go to."""
    settle_seconds: float = Field(default=10, ge=0)
    """How long a record just written may not be found by a search."""
    delete_wait_seconds: float = Field(default=300, ge=0)
    """How long a delete may take."""
    url_limit: int = Field(default=2000, ge=1)
    """The longest address Alma is given."""
    collection_access_type: str = ""
    """The code of a new collection's access type; "" is the code table's default."""
    bib_after_removal: Literal["retain", "suppress", "delete"] = "retain"
    """What becomes of a bib that is left without any inventory."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return read_secret(values, "api_key")

    def standalone_mms_ids(self) -> tuple[str, ...]:
        """Return the MMS IDs of the file, each once, in order.

        Raises:
            ConfigurationError: when the file cannot be read or a line is no MMS ID.
        """
        path = self.standalone_mms_ids_file
        if path is None:
            return ()
        try:
            lines = [line.strip() for line in path.expanduser().read_text(encoding="utf-8-sig").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"standalone_mms_ids_file cannot be read: {path}: {error}") from None
        for number, line in enumerate(lines, start=1):
            if line and not (line.isascii() and line.isdigit()):
                raise ConfigurationError(f"{path}, line {number}: {line[:40]!r} is no MMS ID (digits only)")
        return tuple(dict.fromkeys(line for line in lines if line))


class FolioSettings(_System):
    """One FOLIO tenant."""

    tenant: str = Field(min_length=1)
    """The tenant's id."""
    username: str = Field(min_length=1)
    """A user who is assigned to the knowledge base credentials of eHoldings."""
    password: SecretStr
    """The user's password; one that FOLIO refuses is tried once only, since accounts lock."""
    password_file: Path | None = None
    """A file that holds the password."""
    requests_per_second: float = Field(default=10, ge=0, le=1000)
    """How many requests a second are sent at most; 0 is no limit."""
    daily_calls: int = Field(default=30000, ge=0)
    """EBSCO's calls a day behind FOLIO, not FOLIO's own; 0 is no limit."""
    daily_reserve: int = Field(default=3000, ge=0)
    """How many of these are left to others."""
    settle_seconds: float = Field(default=60, ge=0)
    """How long a record just written may stay unseen in FOLIO's lists and searches (facts: folio §2.5, 15 to 60)."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return read_secret(values, "password")

    @model_validator(mode="after")
    def _reserve_fits(self) -> "FolioSettings":
        if self.daily_calls and self.daily_reserve >= self.daily_calls:
            raise ValueError("daily_reserve must be smaller than daily_calls, else nothing may ever be called")
        return self
