"""The order in which a plan is carried out, and what each way of writing gives for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sync.engine.application import Application, Batch, Step
from sync.model import Kind
from sync.plan.changes import REMOVALS, Action, Change
from sync.store.links import Link

WRITES = tuple(action for action in Action if action not in REMOVALS)


@dataclass(frozen=True, slots=True)
class Stage:
    """The changes of one kind that are carried out together: writes, or removals."""

    kind: Kind
    actions: tuple[Action, ...]

    @property
    def words(self) -> str:
        """Return the stage's name as progress shows it."""
        return f"{'remove' if self.actions == REMOVALS else 'write'} {self.kind}s"


WRITE_STAGES = tuple(Stage(kind, WRITES) for kind in (Kind.PACKAGE, Kind.SERVICE, Kind.TITLE, Kind.HOLDING))
REMOVAL_STAGES = tuple(Stage(kind, REMOVALS) for kind in (Kind.HOLDING, Kind.SERVICE, Kind.PACKAGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How changes to one system are carried out.

    `package_links` gives the links of packages by their keys at the source, `load` what the steps of some changes
    need to know; `writes` and `removals` are the steps of each kind.
    """

    package_links: Callable[[Application], Awaitable[dict[str, Link]]]
    load: Callable[[Application, Sequence[Change]], Awaitable[Batch]]
    writes: Mapping[Kind, tuple[Step, ...]]
    removals: Mapping[Kind, tuple[Step, ...]]

    def steps(self, stage: Stage) -> tuple[Step, ...]:
        """Return the steps of a stage; none where the system knows no such records."""
        return (self.removals if stage.actions == REMOVALS else self.writes).get(stage.kind, ())
