"""The file and the environment, put together and checked."""

import difflib
import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from sync.errors import ConfigurationError
from sync.settings.policy import Maps, Policy
from sync.settings.schedules import Schedule
from sync.settings.section import DaemonSettings, DatabaseSettings, MailSettings, Section
from sync.settings.systems import AlmaSettings, FolioSettings

DEFAULT_FILE = "alma-folio-sync.toml"
EXAMPLE_FILE = "alma-folio-sync.example.toml"
FILE_VARIABLE = "ALMA_FOLIO_SYNC_CONFIG"
ENVIRONMENT_PREFIX = "ALMA_FOLIO_SYNC_"


class Pair(Section):
    """One Alma institution and one FOLIO tenant that belong together."""

    alma: AlmaSettings
    folio: FolioSettings
    policy: Policy = Policy()
    maps: Maps = Maps()
    schedule: Schedule | None = None
    """When the pair runs by itself, and what; for the daemon."""

    @property
    def accounts(self) -> dict[str, str]:
        """Return what stands for whose daily calls are used, by system; no secret can be told from it."""
        key = hashlib.sha256(self.alma.api_key.get_secret_value().encode()).hexdigest()[:16]
        return {"Alma": f"Alma {key}", "FOLIO": f"FOLIO {self.folio.base_url} {self.folio.tenant}"}


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
    except (RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: absurd values ({type(error).__name__})") from None
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
        if one["type"] == "extra_forbidden":
            words += "".join(f" (did you mean {name}?)" for name in _like(str(one["loc"][-1])))
        lines.append(f"  {key}: {words}")
    return "\n".join(lines)


def _like(name: str) -> list[str]:
    """Return the key that a name is most like, none where it is like no key."""
    sections: tuple[type[BaseModel], ...] = (Settings, *Section.__subclasses__(), AlmaSettings, FolioSettings)
    known = {key for section in sections for key in section.model_fields}
    return difflib.get_close_matches(name, known, n=1, cutoff=0.75)


def example_configuration() -> str:
    """Return the commented example of a configuration."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_config" / EXAMPLE_FILE
    path = installed if installed.is_file() else package.parent / "config" / EXAMPLE_FILE
    return path.read_text(encoding="utf-8")
