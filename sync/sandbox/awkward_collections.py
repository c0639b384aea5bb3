"""The awkward cases that are collections."""

from dataclasses import replace

from sync.sandbox.awkward import COLLECTION_NAMES, HYPERLINK_FORMULA, AwkwardCase
from sync.sandbox.seed import SeedCollection, SeedService
from sync.sandbox.seed_collections import JOURNALS, Blueprint

_SMALL = 8.0


def awkward_collections(*, limit: int) -> tuple[Blueprint, ...]:
    """Return the awkward collections in the order of AwkwardCase, as many as the limit allows.

    The two of one name follow each other; they are there both or not at all.
    """
    plans: list[Blueprint] = []
    for case in (case for case in AwkwardCase if case in COLLECTION_NAMES):
        holds_titles = case not in {AwkwardCase.DATABASE, AwkwardCase.EMPTY_COLLECTION}
        plan = Blueprint(
            collection=_collection(case),
            host="awkward.example.edu",
            kinds=JOURNALS,
            weight=_SMALL if holds_titles else 0,
            is_ordinary=False,
        )
        group = [plan]
        if case is AwkwardCase.SAME_NAME_COLLECTIONS:
            namesake = replace(plan.collection, interface="Quillmoor Online", description="The one of Quillmoor")
            group.append(replace(plan, collection=namesake))
        if len(plans) + len(group) > limit:
            break
        plans += group
    return tuple(plans)


def _collection(case: AwkwardCase) -> SeedCollection:
    plain = SeedCollection(
        name=COLLECTION_NAMES[case], interface="Wexmarrow Online", services=(SeedService(),), is_local=True
    )
    note = "\x1b[31mred\x07\r\nbell"
    changed = {
        AwkwardCase.TWO_SERVICES: replace(plain, services=(SeedService(), SeedService(type="getSelectedFullTxt"))),
        AwkwardCase.DATABASE: replace(
            plain, type="6", services=(), url="https://awkward.example.edu/bibliography", interface="Wexmarrow Data"
        ),
        AwkwardCase.UNAVAILABLE_SERVICE: replace(
            plain, services=(SeedService(activation_status="10", public_description="Cancelled at the end of 2024"),)
        ),
        AwkwardCase.MARKUP_IN_COLLECTION: replace(
            plain,
            description="<p>All <em>titles</em> &amp; more</p>",
            public_note="<script>alert('note')</script>",
            services=(SeedService(public_description="<b>Full</b> text"),),
        ),
        AwkwardCase.FORMULA_IN_COLLECTION: replace(
            plain, description="+1", public_note=HYPERLINK_FORMULA, internal_description="@SUM(A1:A9)"
        ),
        AwkwardCase.CONTROLS_IN_COLLECTION: replace(plain, description=note, public_note=note),
        AwkwardCase.SAME_NAME_COLLECTIONS: replace(plain, description="The one of Wexmarrow"),
        AwkwardCase.LONG_COLLECTION_NAME: replace(plain, is_local=False),
    }
    return changed.get(case, plain)
