"""Before anything is removed the other side is asked once more: what stands there stays here, and is listed."""

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.plan.changes import Status
from sync.plan.direction import Direction
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import after_looking
from tests.support.practice import Exchange
from tests.support.removals import BOTH, Story, agreed, told

KEPT, GONE = 0, 1
HARBOUR = collection("Harbour", [portfolio(number) for number in range(8)])
COAST = collection("Coast", [portfolio(number) for number in range(8, 16)])
TWO = library([journal(number) for number in range(16)], HARBOUR, COAST)


class Memory:
    """What the source showed of single records, and may show again."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.shown: dict[str, bytes] = {}
        story.meddle(self._remember, at_source=True)

    def _remember(self, exchange: Exchange) -> None:
        if exchange.method == "GET" and exchange.status == 200:
            self.shown[exchange.path] = exchange.body

    def shows_again(self, *ids: str) -> None:
        """From now on the source shows these records, though they are gone from its lists."""

        def show(exchange: Exchange) -> None:
            if exchange.method == "GET" and exchange.path.endswith(ids) and exchange.path in self.shown:
                exchange.status, exchange.body = 200, self.shown[exchange.path]

        self.story.meddle(show, at_source=True)


def _at_source(story: Story, number: int) -> str:
    """Return the id of the source's record of a title."""
    return story.resources(number)[0].id if story.to_alma else story.portfolios(number)[0]


@BOTH
async def test_a_title_that_the_source_shows_after_all_is_not_removed(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, TWO) as story:
        memory = Memory(story)
        await agreed(story)
        await story.run()
        kept = _at_source(story, KEPT)
        story.take(KEPT, GONE)
        ended = await story.run(confirm=after_looking(lambda: memory.shows_again(kept)))

        assert ended.plan.summary.remove == 2
        assert story.ids_of(KEPT)
        assert not story.ids_of(GONE)
        ((_, name), why), *others = (await story.words(ended, Status.SKIPPED)).items()
        assert (name, others) == (journal(KEPT).title, [])
        assert f"shows {kept}, which the plan took for gone" in why
        assert "Run the command again" in why

        story.meddle(None, at_source=True)
        await story.run()
        assert not story.ids_of(KEPT), "it was gone, and nobody shows it any longer"


@BOTH
async def test_a_package_that_the_source_shows_after_all_is_not_removed(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, TWO) as story:
        memory = Memory(story)
        await agreed(story)
        await story.run()
        kept = story.package("Harbour") if story.to_alma else story.collection("Harbour")
        story.take_package("Harbour")
        ended = await story.run(confirm=after_looking(lambda: memory.shows_again(f"/{kept}")))

        assert story.container("Harbour") <= story.target()
        assert "Harbour" in {name for _, name in await story.words(ended, Status.SKIPPED)}
