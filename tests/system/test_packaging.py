"""The package as it is installed elsewhere: built without network, complete, and independent of this checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.commands import REPOSITORY, Place
from tests.support.databases import open_folder

NEEDED = (
    "sync/_config/alma-folio-sync.example.toml",
    "sync/_migrations/env.py",
    "sync/_migrations/versions/0001_first_tables.py",
    "sync/cli/__init__.py",
)
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("proxy", "golang", "org"),
    )
)  # in pieces, so that this file is not found itself


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder in which a command may start its own server."""
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    _call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"), cwd=REPOSITORY)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(folder: Path, wheel: Path) -> Place:
    """Give an empty working directory in which the installed product is run.

    Its dependencies are those of this environment, lent through a path file: unlike this environment's own path
    files, that one does not lead to the checkout.
    """
    home = folder / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    offline = ("--no-deps", "--no-index", "--disable-pip-version-check", "--quiet")
    _call(sys.executable, "-m", "pip", "--python", str(python), "install", *offline, str(wheel), cwd=folder)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    desk = folder / "desk"
    desk.mkdir(mode=0o711)
    return Place(folder=desk, command=(str(home / "bin" / "alma-folio-sync"),), environment={})


def _call(*command: str, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(  # noqa: S603
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        requires = [line for line in archive.read(metadata).decode().splitlines() if line.startswith("Requires-Dist: ")]
    assert set(NEEDED) <= set(names)
    sources = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "sync").rglob("*.py")}
    sources |= {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "sync").rglob("*.sql")}
    assert sources <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sync", "alma_folio_sync"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert len(requires) == len(declared)


async def test_the_installed_command_works_from_an_empty_folder(installed: Place) -> None:
    python = str(Path(installed.command[0]).with_name("python"))
    where = _call(python, "-c", "import sync; print(sync.__file__)", cwd=installed.folder).strip()
    assert Path(where).is_relative_to(Path(python).parents[1])
    assert str(REPOSITORY) not in _call(python, "-c", "import sys; print(sys.path)", cwd=installed.folder).replace(
        sysconfig.get_path("purelib"), ""
    )

    version = await installed.run("--version")
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert (version.code, version.out) == (0, f"alma-folio-sync {declared}\n")
    made = await installed.run("init")
    assert made.code == 0, made.err
    example = (REPOSITORY / "config" / "alma-folio-sync.example.toml").read_text(encoding="utf-8")
    assert (installed.folder / "alma-folio-sync.toml").read_text(encoding="utf-8") == example
    empty = await installed.run("db", "current")
    assert empty.code == 0, empty.err
    assert empty.out.startswith("schema empty; this version needs 0")
    upgraded = await installed.run("db", "upgrade")
    assert upgraded.code == 0, upgraded.err
    assert upgraded.out.endswith(", was empty\n")


def test_no_file_records_a_path_of_this_machine_or_the_address_of_a_registry() -> None:
    if not (REPOSITORY / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    listed = _call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=REPOSITORY)
    places = {REPOSITORY, Path.home(), Path(sys.prefix), Path(sys.base_prefix)}
    sought = [str(place) for place in places if len(place.parts) > 2] + list(REGISTRIES)
    found = []
    for name in filter(None, listed.split("\0")):
        path = REPOSITORY / name
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found += [f"{name}: {text}" for text in sought if text.encode() in content]
    assert found == []
