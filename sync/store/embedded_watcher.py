"""Ends the embedded Postgres when nobody uses it any more; the locks that say who does.

This file also runs by itself (`python -I -S embedded_watcher.py …`) beside the server. It imports the standard library
only, so that the watching process stays small.

Who is there is told by four lock files in the data folder, never by lists of process ids. The kernel gives a lock back
when its holder ends, however it ends:

- `start.lock`, exclusive and short: somebody looks for, starts or stops the server;
- `users.lock`, shared: held by each process for as long as it uses the server;
- `server.lock`, exclusive: inherited by every process of the server (and by initdb), so it is free only when all of
  them are gone;
- `watcher.lock`, exclusive: inherited by the watcher.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

START_LOCK = "start.lock"
USERS_LOCK = "users.lock"
SERVER_LOCK = "server.lock"
WATCHER_LOCK = "watcher.lock"

PRIVATE_PREFIX = "afs-"  # of a socket folder outside the data folder

CHECK_SECONDS = 0.5
FAST_STOP_SECONDS = 60.0
HARD_STOP_SECONDS = 15.0
STOP_ATTEMPTS = 5
POLL_SECONDS = 0.02


def open_lock(folder: Path, name: str) -> int:
    """Return a new descriptor of a lock file, made if missing. It is inherited by no other program."""
    return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock without waiting; return whether it could be had.

    The lock belongs to the descriptor and to all its copies in other processes; it ends when the last copy is closed.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Posted(NamedTuple):
    """What a server has written about itself in its `postmaster.pid`; parts it has not written yet are empty."""

    pid: int
    socket_directory: str
    status: str


def read_posted(data: Path) -> Posted | None:
    """Return what the server of this data directory says of itself, None when it says nothing (yet).

    The file may be left over from a server that was killed: only `server.lock` tells whether it lives.
    """
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None
    if pid <= 0:
        return None
    lines += [""] * 8
    return Posted(pid, lines[4].strip(), lines[7].strip())


def stop_server(folder: Path, data: Path) -> bool:
    """Stop the server of this data directory and return whether all its processes are gone; at most 75 seconds.

    The caller holds `start.lock` and `users.lock` exclusively. A first, friendly request writes everything out; if
    that takes too long a second one ends the server at once, and the next start recovers from its write-ahead log.
    """
    server = open_lock(folder, SERVER_LOCK)
    posted = read_posted(data)
    try:
        gone = _signal_until_gone(server, data, signal.SIGINT, FAST_STOP_SECONDS) or _signal_until_gone(
            server, data, signal.SIGQUIT, HARD_STOP_SECONDS
        )
    finally:
        os.close(server)
    if gone and posted is not None and Path(posted.socket_directory).name.startswith(PRIVATE_PREFIX):
        with suppress(OSError):
            Path(posted.socket_directory).rmdir()
    return gone


def _signal_until_gone(server: int, data: Path, number: signal.Signals, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    sent_to = 0
    while True:
        if try_lock(server):
            _reap(sent_to)
            return True
        posted = read_posted(data)
        if posted is not None and posted.pid != sent_to and _is_postgres(posted.pid):
            try:
                os.kill(posted.pid, number)
            except ProcessLookupError:
                pass
            else:
                sent_to = posted.pid
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)


def _is_postgres(pid: int) -> bool:
    """Return whether the process is called postgres: a left-over file may name a number that is now somebody else's."""
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if Path("/proc/self/comm").exists():
            return False
    try:
        answer = subprocess.run(  # noqa: S603  (a fixed command)
            ["ps", "-o", "comm=", "-p", str(pid)],  # noqa: S607  (no one path for it on all systems)
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return "postgres" in answer.stdout


def _reap(pid: int) -> None:
    """Take the ended server off the process table, where this process has become its parent (as PID 1 does)."""
    if pid <= 0:
        return
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def watch(folder: Path, data: Path, watcher: int) -> None:
    """Wait until no process uses the server, then stop it. `watcher` is the descriptor of the held watcher lock."""
    start, users = open_lock(folder, START_LOCK), open_lock(folder, USERS_LOCK)
    os.ftruncate(watcher, 0)
    os.write(watcher, b"%d\n" % os.getpid())  # for people; nothing here reads it
    for _attempt in range(STOP_ATTEMPTS):
        _take_when_unused(start, users)
        if stop_server(folder, data):
            break
        fcntl.flock(users, fcntl.LOCK_UN)
        fcntl.flock(start, fcntl.LOCK_UN)
    # Given back before start.lock, so that whoever starts the server next sees that it needs another watcher.
    os.close(watcher)
    os.close(users)
    os.close(start)


def _take_when_unused(start: int, users: int) -> None:
    while True:
        time.sleep(CHECK_SECONDS)
        if not try_lock(start):
            continue
        if try_lock(users):
            return
        fcntl.flock(start, fcntl.LOCK_UN)


def spawn_watcher(folder: Path, data: Path) -> None:
    """Start a watcher in a session of its own, unless one is there already. The caller holds `start.lock`."""
    watcher = open_lock(folder, WATCHER_LOCK)
    try:
        if not try_lock(watcher) or not sys.executable:
            return
        subprocess.run(  # noqa: S603  (our own file)
            [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(folder), str(data), str(watcher)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=clean_environment(),
            pass_fds=(watcher,),
            start_new_session=True,
            timeout=60,
            check=True,
        )
    finally:
        os.close(watcher)


def clean_environment() -> dict[str, str]:
    """Return an environment that holds what programs need to run, and none of the caller's secrets or PG* variables."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}


def main(arguments: list[str]) -> None:
    """Leave the starting process at once and watch from a process of our own."""
    folder, data, watcher = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    if os.fork() > 0:
        os._exit(0)
    watch(folder, data, watcher)


if __name__ == "__main__":
    main(sys.argv[1:])
