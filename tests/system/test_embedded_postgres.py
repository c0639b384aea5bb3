"""The embedded Postgres: shared, ended with its last user however that one ends, losing nothing that was committed."""

import asyncio
import ctypes
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from sync.errors import ConfigurationError
from sync.store.embedded import EmbeddedServer, embedded_postgres
from sync.store.embedded_watcher import SERVER_LOCK, WATCHER_LOCK, open_lock, read_posted, try_lock
from sync.store.postgres_binaries import find_binaries

REPOSITORY = Path(__file__).resolve().parents[2]
SITE_PACKAGES = Path(psycopg.__file__).resolve().parents[1]
AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not AS_ROOT, reason="only root has another account to run the server under")

USER = """
import asyncio, json, sys
from pathlib import Path
from sync.store.embedded import embedded_postgres

async def use() -> None:
    async with embedded_postgres(Path(sys.argv[1])) as server:
        pid = int((server.data_directory / "postmaster.pid").read_text().splitlines()[0])
        owner = server.data_directory.stat().st_uid
        print(json.dumps({"url": server.url, "postmaster": pid, "uid": owner}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(use())
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Give a data folder that every account may pass through (pytest's own lie below a private one)."""
    base = Path(tempfile.mkdtemp())
    base.chmod(0o711)
    yield base / "data"
    _wait_until(lambda: not _alive(base / "data"), "the server or its watcher outlived its users")
    shutil.rmtree(base)


def _alive(data_dir: Path) -> list[str]:
    """Return which of the server and its watcher still run, as the locks they inherited tell."""
    alive = []
    for name in (SERVER_LOCK, WATCHER_LOCK):
        if (data_dir / name).exists():
            descriptor = open_lock(data_dir, name)
            if not try_lock(descriptor):
                alive.append(name)
            os.close(descriptor)
    return alive


def _wait_until(condition: Callable[[], bool], complaint: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)


@dataclass
class UsingProcess:
    """A command in a process of its own that uses the server until told to end."""

    process: subprocess.Popen[str]
    postmaster: int = 0
    url: str = ""
    uid: int = -1

    @classmethod
    def begin(cls, data_dir: Path, *, python: str = sys.executable, uid: int | None = None) -> "UsingProcess":
        environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{SITE_PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"}
        return cls(
            subprocess.Popen(  # noqa: S603  (this file's own text)
                [python, "-c", USER, str(data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                user=uid,
                extra_groups=None if uid is None else [],
                cwd="/",
            )
        )

    def ready(self) -> "UsingProcess":
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        self.postmaster, self.url, self.uid = answer["postmaster"], answer["url"], answer["uid"]
        return self

    def end(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)

    def __enter__(self) -> "UsingProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()


async def _value(server: EmbeddedServer | str, *statements: str) -> object:
    """Run the statements through SQLAlchemy, in one transaction, and return the first value of the last."""
    engine = create_async_engine(server if isinstance(server, str) else server.url)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


KEEP = ("CREATE TABLE IF NOT EXISTS kept (word text)", "INSERT INTO kept VALUES ('Bücher')")
KEPT = "SELECT string_agg(word, ' ') FROM kept"


async def test_is_durable_private_and_keeps_its_data_between_uses(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, settings={"work_mem": "7MB"}) as server:
        await _value(server, *KEEP)
        assert await _value(server, "SELECT current_database()") == "alma_folio_sync"
        for setting, expected in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "listen_addresses": "",
            "work_mem": "7MB",
        }.items():
            assert await _value(server, f"SHOW {setting}") == expected, setting
        assert await _value(server, "SELECT upper('bücher')") == "BÜCHER"
        assert stat.S_IMODE(server.socket_directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.data_directory.stat().st_mode) == 0o700
    assert SERVER_LOCK not in _alive(data_dir), "the last one out stops the server before it goes on"

    async with embedded_postgres(data_dir) as server:
        assert await _value(server, KEPT) == "Bücher"


async def test_four_commands_starting_at_once_share_one_server(data_dir: Path) -> None:
    users = [UsingProcess.begin(data_dir) for _number in range(4)]
    try:
        assert len({user.ready().postmaster for user in users}) == 1
        for user in users[:3]:
            user.end()
        assert await _value(users[3].url, "SELECT 1") == 1
        users[3].end()
        assert SERVER_LOCK not in _alive(data_dir)
    finally:
        for user in users:
            user.__exit__(None, None, None)


async def test_nothing_runs_on_and_nothing_is_lost_after_the_only_user_was_killed(data_dir: Path) -> None:
    with UsingProcess.begin(data_dir) as user:
        user.ready()
        await _value(user.url, *KEEP)
        assert _alive(data_dir) == [SERVER_LOCK, WATCHER_LOCK]
        user.kill()
        _wait_until(lambda: not _alive(data_dir), "server or watcher leaked", seconds=8)
    async with embedded_postgres(data_dir) as server:
        assert await _value(server, KEPT) == "Bücher"


async def test_the_server_of_a_killed_user_is_shared_and_stopped_by_the_next(data_dir: Path) -> None:
    with UsingProcess.begin(data_dir) as killed, UsingProcess.begin(data_dir) as other:
        killed.ready()
        other.ready()
        killed.kill()
        async with embedded_postgres(data_dir) as server:
            assert _postmaster(server) == other.postmaster
        await asyncio.sleep(1.5)  # longer than the watcher's round
        assert await _value(other.url, "SELECT 1") == 1
        other.end()
        assert SERVER_LOCK not in _alive(data_dir)


async def test_a_killed_server_recovers_although_its_user_is_still_there(data_dir: Path) -> None:
    with UsingProcess.begin(data_dir) as user:
        user.ready()
        await _value(user.url, *KEEP)
        os.kill(user.postmaster, signal.SIGKILL)
        async with embedded_postgres(data_dir) as server:
            assert _postmaster(server) != user.postmaster
            assert await _value(server, KEPT) == "Bücher"
            assert await _value(user.url, KEPT) == "Bücher", "the first user finds it at the same address"
        user.end()


async def test_a_watcher_that_was_killed_is_replaced_by_the_next_command(data_dir: Path) -> None:
    with UsingProcess.begin(data_dir) as user:
        user.ready()
        os.kill(int((data_dir / WATCHER_LOCK).read_text()), signal.SIGKILL)
        _wait_until(lambda: _alive(data_dir) == [SERVER_LOCK], "the watcher survived")
        async with embedded_postgres(data_dir) as server:
            assert _postmaster(server) == user.postmaster
        user.kill()
        _wait_until(lambda: not _alive(data_dir), "server or watcher leaked", seconds=8)


async def test_a_pid_file_that_names_somebody_elses_process_does_not_hinder_the_start(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as server:
        owner = server.data_directory.stat().st_uid
        pid_file = server.data_directory / "postmaster.pid"
        posted = pid_file.read_text()
    with _sleeping(owner) as stranger:
        try:
            pid_file.write_text(posted.replace(posted.splitlines()[0], str(stranger.pid), 1))
            os.chown(pid_file, owner, -1)
            async with embedded_postgres(data_dir) as server:
                assert await _value(server, "SELECT 1") == 1
            assert stranger.poll() is None, "the stranger was taken for the server and ended"
        finally:
            stranger.kill()


def _sleeping(owner: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sleep", "60"], user=owner if AS_ROOT else None)


def _state(pid: int) -> str:
    """Return a process's state letter as Linux tells it, "" when it is on the process table no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


@pytest.mark.skipif(sys.platform != "linux", reason="becoming the parent of orphans is a Linux call")
async def test_a_dead_server_nobody_has_reaped_is_no_running_server(data_dir: Path) -> None:
    become_parent_of_orphans, libc = 36, ctypes.CDLL(None)
    assert libc.prctl(become_parent_of_orphans, 1, 0, 0, 0) == 0
    try:
        async with embedded_postgres(data_dir) as server:
            await _value(server, *KEEP)
            zombie = _postmaster(server)
            os.kill(zombie, signal.SIGKILL)
            _wait_until(lambda: SERVER_LOCK not in _alive(data_dir), "the server survived")
            assert _state(zombie) == "Z"
            async with embedded_postgres(data_dir) as again:
                assert await _value(again, KEPT) == "Bücher"
                second = _postmaster(again)
        assert _state(second) == "", "the stopped server was not reaped"
    finally:
        libc.prctl(become_parent_of_orphans, 0, 0, 0, 0)
        _reap_children()


def _reap_children() -> None:
    """Take in the orphans this process became the parent of: the watcher, and helpers of the killed server."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.05)


async def test_giving_up_in_the_middle_of_a_start_leaves_nothing_behind(data_dir: Path) -> None:
    for seconds in (0.05, 0.3, 0.6):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds), embedded_postgres(data_dir):
                await asyncio.sleep(5)
        assert SERVER_LOCK not in _alive(data_dir)
    async with embedded_postgres(data_dir) as server:
        assert await _value(server, "SELECT 1") == 1


async def test_a_start_that_was_killed_is_made_good_by_the_next(data_dir: Path) -> None:
    for seconds in (0.35, 0.5, 0.65, 0.8, 0.95):
        with UsingProcess.begin(data_dir) as user:
            await asyncio.sleep(seconds)
            user.kill()
    async with embedded_postgres(data_dir) as server:
        assert await _value(server, "SELECT 1") == 1
        assert not list(server.data_directory.parent.glob("cluster-new-*"))


async def test_a_long_path_gets_a_short_private_socket_that_is_cleared_away(data_dir: Path) -> None:
    deep = data_dir / ("x" * 120)
    async with embedded_postgres(deep) as server:
        assert await _value(server, "SELECT 1") == 1
        assert stat.S_IMODE(server.socket_directory.stat().st_mode) == 0o700
        assert server.socket_directory.stat().st_uid == server.data_directory.stat().st_uid
    assert not server.socket_directory.exists()
    _wait_until(lambda: not _alive(deep), "the watcher stayed")


async def test_no_shell_reads_the_name_of_the_data_folder(data_dir: Path) -> None:
    folder = data_dir.parent / 'a "b" $(touch made) `touch made` $HOME'
    async with embedded_postgres(folder) as server:
        await _value(server, *KEEP)
    async with embedded_postgres(folder) as server:
        assert await _value(server, KEPT) == "Bücher"
    assert [*data_dir.parent.rglob("made")] == []
    _wait_until(lambda: not _alive(folder), "the server or its watcher outlived its users")


async def test_a_setting_the_server_refuses_is_explained_and_leaves_nothing_running(data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="shared_buffers"):
        async with embedded_postgres(data_dir, settings={"shared_buffers": "plenty"}):
            pass
    assert SERVER_LOCK not in _alive(data_dir)


async def test_a_database_of_another_major_version_is_refused_and_left_alone(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as server:
        version = server.data_directory / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(ConfigurationError, match="made by Postgres 16"):
        async with embedded_postgres(data_dir):
            pass
    version.write_text(f"{server.major}\n")


async def test_missing_programs_are_named_with_what_to_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(data_dir))
    with pytest.raises(ConfigurationError, match="no Postgres 15 or newer") as refusal:
        async with embedded_postgres(data_dir):
            pass
    assert "PG_BIN" in refusal.value.advice


def test_the_wheel_is_found_without_running_its_code() -> None:
    assert find_binaries().major >= 15
    assert "embedded_postgres" not in sys.modules


@pytest.mark.parametrize("version_folder", sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [None])
async def test_the_systems_own_postgres_serves_as_well(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, version_folder: Path | None
) -> None:
    if version_folder is None or int(version_folder.parent.name) < 15:
        pytest.skip("no Postgres 15 or newer is installed below /usr/lib/postgresql")
    monkeypatch.setenv("PG_BIN", str(version_folder))
    async with embedded_postgres(data_dir) as server:
        assert server.major == int(version_folder.parent.name)
        assert await _value(server, "SELECT upper('bücher')") == "BÜCHER"


@only_root
async def test_root_runs_the_server_under_an_account_without_rights(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as server:
        assert server.data_directory.stat().st_uid != 0
        assert server.socket_directory.stat().st_uid == server.data_directory.stat().st_uid


@only_root
async def test_programs_the_account_cannot_reach_are_copied_and_no_rights_change(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    installed = find_binaries().folder.parent
    package = installed.parent
    shutil.copytree(installed, private / package.name / installed.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), private / f"{package.name}.libs")
    monkeypatch.setenv("PG_BIN", str(private / package.name / installed.name / "bin"))
    for _time in ("copied", "used again"):
        async with embedded_postgres(data_dir) as server:
            assert await _value(server, "SELECT 1") == 1
            copies = list((server.data_directory.parent / "programs").iterdir())
    assert len(copies) == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@only_root
async def test_a_data_folder_the_account_cannot_reach_names_where_the_database_lies(data_dir: Path) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    wanted, home = private / "data", None
    try:
        async with embedded_postgres(wanted) as server:
            home = server.data_directory.parent
            await _value(server, *KEEP)
        assert (wanted / "postgres-is-in").read_text().splitlines()[0] == str(home)
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        async with embedded_postgres(wanted) as server:
            assert server.data_directory.parent == home
            assert await _value(server, KEPT) == "Bücher"
        _wait_until(lambda: not _alive(wanted), "the watcher stayed")
    finally:
        if home is not None:
            shutil.rmtree(home)
    with pytest.raises(ConfigurationError, match="has gone"):
        async with embedded_postgres(wanted):
            pass


def _can_run_us(python: str, uid: int) -> bool:
    probe = f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(SITE_PACKAGES)!r}]; import sync.store.embedded"
    try:
        return subprocess.run([python, "-Bc", probe], user=uid, cwd="/", check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


@only_root
def test_an_ordinary_user_needs_no_other_account(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    python = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not _can_run_us(python, nobody):
        pytest.skip(f"user nobody cannot run {python} with this environment's packages")
    own = data_dir.parent / "own"
    own.mkdir(mode=0o700)
    os.chown(own, nobody, -1)
    with UsingProcess.begin(own / "data", python=python, uid=nobody) as user:
        assert user.ready().uid == nobody
        assert Path(f"/proc/{user.postmaster}").stat().st_uid == nobody
        user.end()
    assert SERVER_LOCK not in _alive(own / "data")
    with UsingProcess.begin(own / "data", python=python, uid=nobody) as user:
        user.ready()
        user.kill()
        _wait_until(lambda: not _alive(own / "data"), "server or watcher leaked", seconds=8)


def _postmaster(server: EmbeddedServer) -> int:
    posted = read_posted(server.data_directory)
    assert posted is not None
    return posted.pid
