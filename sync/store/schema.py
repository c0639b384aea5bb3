"""The schema: where it stands, and how it is brought up to date. Alembic does the work, from `migrations/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

import sync
from sync.errors import ConfigurationError

SCHEMA_LOCK = 0x616C6D61
"""Advisory lock under which the schema changes, so that two commands starting at once do it once."""


def migrations_folder() -> Path:
    """Return the folder of migrations: inside the installed package, or beside it in a checkout."""
    package = Path(sync.__file__).resolve().parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


async def upgrade_schema(engine: AsyncEngine) -> tuple[str, str]:
    """Bring the schema up to date and return its revision before and after ("" for an empty database).

    Raises:
        ConfigurationError: when the schema was made by a later version of the product.
    """
    async with engine.begin() as connection:
        return await connection.run_sync(_upgrade)


async def current_revision(engine: AsyncEngine) -> tuple[str, str]:
    """Return the revision of the database ("" when empty) and the newest this version knows."""
    async with engine.connect() as connection:
        return await connection.run_sync(_revisions)


def _configuration(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revisions(connection: Connection) -> tuple[str, str]:
    current = MigrationContext.configure(connection).get_current_revision() or ""
    newest = ScriptDirectory.from_config(_configuration(connection)).get_current_head() or ""
    return current, newest


def _upgrade(connection: Connection) -> tuple[str, str]:
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
    current, newest = _revisions(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_configuration(connection)).walk_revisions()}
    if current and current not in known:
        raise ConfigurationError(
            f"The database's schema ({current}) was made by a later version of this product.",
            advice="Install that version or a later one: pip install --upgrade alma-folio-sync",
        )
    if current != newest:
        command.upgrade(_configuration(connection), "head")
    return current, newest
