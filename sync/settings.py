"""The configuration: one TOML file, every key of it replaceable by an environment variable, unknown keys refused."""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from sync.errors import ConfigurationError
from sync.model import PUBLICATION_TYPES
from sync.plan.guards import RemovalLimits
from sync.plan.three_way import CONFLICT_FIELDS
from sync.schedules import Schedule

DEFAULT_FILE = "alma-folio-sync.toml"
EXAMPLE_FILE = "alma-folio-sync.example.toml"
FILE_VARIABLE = "ALMA_FOLIO_SYNC_CONFIG"
ENVIRONMENT_PREFIX = "ALMA_FOLIO_SYNC_"

HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(_Section):
    """Where the product keeps what it knows. Without `url` it starts its own Postgres below `data_dir`.

    Runs, their plans and the records as they were before them are forgotten after `keep_days`: an undo reaches back as
    far as that.
    """

    url: SecretStr | None = None
    data_dir: Path = Path(".alma-folio-sync")
    keep_days: int = Field(default=180, ge=7, le=3650)

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


class _System(_Section):
    base_url: HttpUrl
    calls_in_flight: int = Field(default=10, ge=1, le=100)
    timeout_seconds: float = Field(default=120, gt=0)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


def _read_secret(values: Any, name: str) -> Any:
    """Fill `name` from the file named by `name`_file, so that a secret may live outside the configuration."""
    named = values.get(f"{name}_file") if isinstance(values, dict) else None
    if isinstance(named, str | Path) and named and not values.get(name):
        path = Path(named).expanduser()
        try:
            values = {**values, name: path.read_text(encoding="utf-8").strip()}
        except OSError as error:
            raise ValueError(f"{name}_file cannot be read: {error.strerror} ({path})") from None
    if isinstance(values, dict) and values.get(name) == "":
        raise ValueError(f"{name} is empty")
    return values


class AlmaSettings(_System):
    """One Alma institution. `requests_per_second` 0 is no limit; `daily_reserve` calls a day are never used.

    Portfolios in no collection cannot be listed: `standalone_mms_ids_file` names a file with the MMS IDs of their
    bibs, one a line, and `standalone_package` the FOLIO package they go to. `sru_url` is the search service, by which
    bibs are found by ISSN and ISBN.

    What Alma's documentation leaves open (facts: alma §8): `settle_seconds` is how long a record just written may not
    be found by a search, `delete_wait_seconds` how long a delete may take, `url_limit` the longest address Alma is
    given. `collection_access_type` is the code of a new collection's access type ("": the code table's default), and
    `bib_after_removal` what becomes of a bib that is left without any inventory.
    """

    api_key: SecretStr
    api_key_file: Path | None = None
    requests_per_second: float = Field(default=25, ge=0, le=1000)
    daily_reserve: int = Field(default=5000, ge=0)
    sru_url: HttpUrl | None = None
    standalone_mms_ids_file: Path | None = None
    standalone_package: str = Field(default="Standalone e-resources", min_length=1, max_length=200)
    settle_seconds: float = Field(default=10, ge=0)
    delete_wait_seconds: float = Field(default=300, ge=0)
    url_limit: int = Field(default=2000, ge=1)
    collection_access_type: str = ""
    bib_after_removal: Literal["retain", "suppress", "delete"] = "retain"

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return _read_secret(values, "api_key")

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
    """One FOLIO tenant. `daily_calls` are EBSCO's calls, not FOLIO's; 0 is no limit.

    `settle_seconds` is how long a record just written may stay unseen in FOLIO's lists and searches
    (facts: folio §2.5, 15 to 60 seconds).
    """

    tenant: str = Field(min_length=1)
    username: str = Field(min_length=1)
    password: SecretStr
    password_file: Path | None = None
    requests_per_second: float = Field(default=10, ge=0, le=1000)
    daily_calls: int = Field(default=30000, ge=0)
    daily_reserve: int = Field(default=3000, ge=0)
    settle_seconds: float = Field(default=60, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return _read_secret(values, "password")

    @model_validator(mode="after")
    def _reserve_fits(self) -> "FolioSettings":
        if self.daily_calls and self.daily_reserve >= self.daily_calls:
            raise ValueError("daily_reserve must be smaller than daily_calls, else nothing may ever be called")
        return self


UserDefinedField = Literal[
    "userDefinedField1", "userDefinedField2", "userDefinedField3", "userDefinedField4", "userDefinedField5"
]


class Maps(_Section):
    """Codes of one system in the words of the other. What is not named here is recorded as a loss, never guessed.

    `embargo_operators` and `coverage_in_use` say what this institution's Alma codes mean where its code tables
    (`MovingWallOperator`, `CoverageInUse`) do not tell by themselves; `check` shows both.
    """

    proxies: dict[str, str] = {}
    access_types: dict[str, str] = {}
    material_types: dict[str, str] = {}
    embargo_operators: dict[str, Literal["delay", "rolling"]] = {}
    coverage_in_use: dict[str, Literal["local", "global", "both", "either"]] = {}
    notes: dict[Literal["public_note", "authentication_note", "internal_description"], UserDefinedField] = {}

    @field_validator("material_types")
    @classmethod
    def _known_types(cls, types: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(types.values()) - set(PUBLICATION_TYPES))
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no publication type of FOLIO; there are: {', '.join(PUBLICATION_TYPES)}"
            )
        return {code.upper(): name for code, name in types.items()}

    @field_validator("notes")
    @classmethod
    def _one_field_each(cls, notes: dict[str, str]) -> dict[str, str]:
        if len(set(notes.values())) < len(notes):
            raise ValueError("two notes go to the same user-defined field; name another one for one of them")
        return notes


class Policy(_Section):
    """What the product may do on its own.

    `conflicts` says which side is right where both changed a field (`ask`: neither, it is listed), `fields` the same
    for single fields. `max_changes_in_field` guards against one field changing in a large part of all records, above
    that number and that share; `max_shrink_percent` against removals after a reading that much smaller than the last.
    `resume_within_hours` is how old the readings may be with which an interrupted run goes on; then it reads anew.
    `managed_packages` says what becomes of the vendor's packages of FOLIO on the way to Alma, where no activated
    collection bears their name: a local collection, or they are left and listed.
    """

    conflicts: Literal["ask", "alma", "folio"] = "ask"
    fields: dict[str, Literal["ask", "alma", "folio"]] = {}
    max_removals: int = Field(default=20, ge=0)
    max_removals_percent: float = Field(default=5.0, ge=0, le=100)
    max_changes_in_field: int = Field(default=50, ge=0)
    max_changes_in_field_percent: float = Field(default=50.0, ge=0, le=100)
    max_shrink_percent: float = Field(default=20.0, ge=0, le=100)
    resume_within_hours: float = Field(default=72, ge=0)
    managed_packages: Literal["collection", "leave"] = "collection"
    tags: tuple[str, ...] = ()

    def removal_limits(self, approved: int | None = None) -> RemovalLimits:
        """Return how much may be removed; `approved` is a ceiling that a person set for one run."""
        return RemovalLimits(number=self.max_removals, percent=self.max_removals_percent, approved=approved)

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(fields) - CONFLICT_FIELDS)
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no field that travels; there are: {', '.join(sorted(CONFLICT_FIELDS))}"
            )
        return fields


class Pair(_Section):
    """One Alma institution and one FOLIO tenant that belong together; `schedule` is for the daemon."""

    alma: AlmaSettings
    folio: FolioSettings
    policy: Policy = Policy()
    maps: Maps = Maps()
    schedule: Schedule | None = None

    @property
    def accounts(self) -> dict[str, str]:
        """Return what stands for whose daily calls are used, by system; no secret can be told from it."""
        key = hashlib.sha256(self.alma.api_key.get_secret_value().encode()).hexdigest()[:16]
        return {"Alma": f"Alma {key}", "FOLIO": f"FOLIO {self.folio.base_url} {self.folio.tenant}"}


class DaemonSettings(_Section):
    """How the daemon works: `listen` is where its state is seen, by default from this machine only; "" for nowhere.

    It looks every `poll_seconds` for plans that were approved, and for work that another daemon gave up. What fails is
    tried again after `retry_seconds`, then after five times longer each time, and left for a person after `attempts`.
    """

    listen: Annotated[str, Field(pattern=r"^$|^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$")] = "127.0.0.1:9464"
    poll_seconds: float = Field(default=30, gt=0, le=3600)
    retry_seconds: float = Field(default=60, gt=0, le=86400)
    attempts: int = Field(default=4, ge=1, le=20)


class MailSettings(_Section):
    """To whom the daemon writes after a run that changed something, failed, or needs a decision.

    `encryption` is how the server is spoken to: "starttls", "tls" from the beginning, or "none" on the same machine.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    sender: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]
    to: Annotated[tuple[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")], ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: Any) -> Any:
        return _read_secret(values, "password")


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    database: DatabaseSettings = DatabaseSettings()
    daemon: DaemonSettings = DaemonSettings()
    mail: MailSettings | None = None
    pairs: dict[str, Pair] = Field(min_length=1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above the file."""
        return env_settings, init_settings

    def pair(self, name: str | None) -> tuple[str, Pair]:
        """Return the pair of that name, or the only one.

        Raises:
            ConfigurationError: when there is no such pair, or several and none was named.
        """
        names = ", ".join(sorted(self.pairs))
        if name is None and len(self.pairs) == 1:
            return next(iter(self.pairs.items()))
        if name is None:
            raise ConfigurationError(f"The configuration has several pairs: {names}.", advice="Name one with --pair.")
        if name not in self.pairs:
            raise ConfigurationError(f"There is no pair {name!r}; there are: {names}.", advice="Name one with --pair.")
        return name, self.pairs[name]


def find_file(named: Path | None) -> Path:
    """Return the configuration file: the one named, else of the environment, else in the working directory.

    Raises:
        ConfigurationError: when there is none.
    """
    path = named or Path(os.environ.get(FILE_VARIABLE, DEFAULT_FILE))
    if not path.is_file():
        raise ConfigurationError(
            f"There is no configuration file {path}.",
            advice="Write one with: alma-folio-sync init    Or rehearse without one: alma-folio-sync demo",
        )
    return path


def load_settings(named: Path | None) -> Settings:
    """Return the configuration.

    Raises:
        ConfigurationError: naming each key that is missing, unknown or wrong.
    """
    path = find_file(named)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    unknown = _unknown_names(values)
    if unknown:
        raise ConfigurationError(f"{path} or the environment has errors:\n{unknown}")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(f"{path} has errors:\n{_explain(error)}") from None
    except SettingsError:
        names = ", ".join(sorted(name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)))
        raise ConfigurationError(
            f"One of these environment variables cannot be read: {names}",
            advice='A list or a table in an environment variable is written as JSON: ["one","two"].',
        ) from None


def _unknown_names(values: dict[str, Any]) -> str:
    """Return what pydantic lets pass: its own arguments as keys, and nested variables of no section.

    Variables without `__` are not ours: Kubernetes makes some from the name of a service (…_SERVICE_HOST).
    """
    keys = [key for key in values if key.startswith("_")]
    for name in os.environ:
        section, nested, _ = name.removeprefix(ENVIRONMENT_PREFIX).partition("__")
        if name.startswith(ENVIRONMENT_PREFIX) and nested and section.lower() not in Settings.model_fields:
            keys.append(name)
    return "\n".join(f"  {key}: unknown key" for key in sorted(keys))


def _explain(error: ValidationError) -> str:
    lines = []
    for one in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in one["loc"])
        words = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(one["type"], one["msg"])
        lines.append(f"  {key}: {words}")
    return "\n".join(lines)


def example_configuration() -> str:
    """Return the commented example of a configuration."""
    package = Path(__file__).resolve().parent
    installed = package / "_config" / EXAMPLE_FILE
    path = installed if installed.is_file() else package.parent / "config" / EXAMPLE_FILE
    return path.read_text(encoding="utf-8")
