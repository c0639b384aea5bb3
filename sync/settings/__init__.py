"""The configuration: one TOML file, every key of it replaceable by an environment variable, unknown keys refused.

What each key means stands below it in the modules of its section; docs/configuration.md is made from that.
"""

from sync.settings.loading import (
    DEFAULT_FILE,
    ENVIRONMENT_PREFIX,
    EXAMPLE_FILE,
    FILE_VARIABLE,
    Pair,
    Settings,
    example_configuration,
    find_file,
    load_settings,
)
from sync.settings.policy import Maps, Policy
from sync.settings.schedules import Approval, Schedule
from sync.settings.section import DaemonSettings, DatabaseSettings, MailSettings, Section
from sync.settings.systems import AlmaSettings, FolioSettings

__all__ = [
    "DEFAULT_FILE",
    "ENVIRONMENT_PREFIX",
    "EXAMPLE_FILE",
    "FILE_VARIABLE",
    "AlmaSettings",
    "Approval",
    "DaemonSettings",
    "DatabaseSettings",
    "FolioSettings",
    "MailSettings",
    "Maps",
    "Pair",
    "Policy",
    "Schedule",
    "Section",
    "Settings",
    "example_configuration",
    "find_file",
    "load_settings",
]
