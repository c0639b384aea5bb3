"""Both practice systems in a process of their own, as `sync.sandbox.process` has them, but with a look inside FOLIO."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from sync.sandbox.controls import Faults
from sync.sandbox.folio import StoredPackage, StoredResource, StoredTitle
from sync.sandbox.process import PracticeSetup
from tests.support.practice import practice_systems

START_SECONDS = 60
ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What FOLIO holds at one moment, in the form in which `PracticeFolio` tells it."""

    all_packages: tuple[StoredPackage, ...]
    all_titles: tuple[StoredTitle, ...]
    by_package: dict[str, tuple[StoredResource, ...]]

    def packages(self) -> tuple[StoredPackage, ...]:
        """Return every package."""
        return self.all_packages

    def titles(self) -> tuple[StoredTitle, ...]:
        """Return every title."""
        return self.all_titles

    def resources(self, package_id: str | None = None) -> tuple[StoredResource, ...]:
        """Return every resource, or those of one package."""
        if package_id is not None:
            return self.by_package.get(package_id, ())
        return tuple(one for found in self.by_package.values() for one in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a system has seen: the largest number of calls within any second, and totals by name."""

    busiest_second: int
    counts: dict[str, int]


class Apart:
    """The two systems of the other process."""

    def __init__(self, pipe: Connection, alma_url: str, folio_url: str) -> None:
        self._pipe = pipe
        self.alma_url = alma_url
        self.folio_url = folio_url

    def set_faults(self, alma: Faults, folio: Faults) -> None:
        """Let this go wrong from the next call on."""
        self._ask("faults", alma, folio)

    def inside(self) -> Inside:
        """Return what FOLIO holds now."""
        found: Inside = self._ask("inside")
        return found

    def traffic(self) -> dict[str, Traffic]:
        """Return what each system ("alma", "folio") has seen so far."""
        found: dict[str, Traffic] = self._ask("traffic")
        return found

    def _ask(self, *question: Any) -> Any:
        self._pipe.send(question)
        if not self._pipe.poll(ANSWER_SECONDS):
            raise TimeoutError(f"the practice systems do not answer: {question[0]}")
        return self._pipe.recv()


@contextmanager
def practice_systems_apart(setup: PracticeSetup) -> Iterator[Apart]:
    """Yield both systems, served by another process until the context is left."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, setup), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(START_SECONDS):
            raise TimeoutError("the practice systems did not start")
        yield Apart(ours, *ours.recv())
    finally:
        ours.close()  # the other end reads that as the order to stop
        process.join(ANSWER_SECONDS)
        if process.is_alive():
            process.kill()
            process.join(ANSWER_SECONDS)
        process.close()


def _serve(pipe: Connection, setup: PracticeSetup) -> None:
    with practice_systems(setup.library, setup.knowledge_base, alma=setup.alma, folio=setup.folio) as systems:
        pipe.send((systems.alma_url, systems.folio_url))
        while True:
            try:
                question, *values = pipe.recv()
            except EOFError:
                return
            if question == "faults":
                systems.alma.controls.set_faults(values[0])
                systems.folio.controls.set_faults(values[1])
                pipe.send(None)
            elif question == "inside":
                folio = systems.folio
                packages = folio.packages()
                by_package = {one.id: folio.resources(one.id) for one in packages}
                pipe.send(Inside(all_packages=packages, all_titles=folio.titles(), by_package=by_package))
            else:
                both = {"alma": systems.alma.controls, "folio": systems.folio.controls}
                pipe.send(
                    {
                        name: Traffic(busiest_second=one.busiest_second, counts=dict(one.counts))
                        for name, one in both.items()
                    }
                )
