"""The vendor's knowledge base behind the practice FOLIO: managed titles that partly know the library's own.

Most have the same or nearly the same name as the bib with their identifier. A few have a really different name for
it, which must not be merged (facts: matching, 1 % of ISSN hits), and a few are there twice.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from sync.sandbox.awkward import is_awkward
from sync.sandbox.dice import dice
from sync.sandbox.identifiers import IdentifierMint
from sync.sandbox.seed import (
    PublicationKind,
    SeedBib,
    SeedKnowledgeBase,
    SeedKnowledgeBasePackage,
    SeedKnowledgeBaseTitle,
    SeedLibrary,
)
from sync.sandbox.seed_titles import BibMaker

# FOLIO's publicationType and contentType (facts: FOLIO eHoldings, titles and packages)
PUBLICATION_TYPES = {
    PublicationKind.JOURNAL: "Journal",
    PublicationKind.BOOK: "Book",
    PublicationKind.AUDIO: "Audiobook",
    PublicationKind.VIDEO: "Streaming Video",
}
_PACKAGES = (
    ("Ilvermoor Complete", "Ilvermoor Information", "Aggregated Full Text"),
    ("Pellamor Journals Premier", "Pellamor", "E-Journal"),
    ("Varnholt Journals Select", "Varnholt Academic", "E-Journal"),
    ("Zellenbruck eBook Collection", "Zellenbruck", "E-Book"),
    ("Umberlay Research Library", "Umberlay Services", "Mixed Content"),
)
_MOST_TRIES = 60


def practice_knowledge_base(library: SeedLibrary, *, seed: int, share: float = 0.15) -> SeedKnowledgeBase:
    """Return a knowledge base that knows a share (0 to 1) of the library's ordinary bibs with identifiers.

    Of those, 2 % (at least three) have a really different name, 2.5 % (at least three) are there twice; another
    tenth are titles the library has not. The last package is selected, the others are not. Raises ValueError for a
    share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share {share}: must be between 0 and 1")
    rng = dice(seed, "knowledge base")
    strangers = BibMaker(seed=seed, mint=IdentifierMint(block=1, start=seed), topic="knowledge base bibs")
    bibs = [bib for bib in library.bibs if _identifiers_of_bib(bib) and not is_awkward(bib)]
    known = rng.sample(bibs, round(share * len(bibs)))
    few = min(len(known) // 3, 3)
    renamed = max(few, len(known) // 50)
    doubled = max(few, len(known) // 40)
    titles = [_title(bib, _other_name(strangers, bib)) for bib in known[:renamed]]
    titles += [_title(bib, _near_name(rng, bib)) for bib in known[renamed:]]
    titles += [_second(rng, bib) for bib in known[renamed : renamed + doubled]]
    for bib in (strangers.make(PublicationKind.JOURNAL, without_identifier=0.1) for _ in range(len(known) // 10)):
        titles.append(_title(bib, bib.title))
    rng.shuffle(titles)
    return SeedKnowledgeBase(titles=tuple(titles), packages=_packages(rng, titles))


def same_identifier_other_name(
    library: SeedLibrary, knowledge_base: SeedKnowledgeBase
) -> tuple[tuple[SeedBib, SeedKnowledgeBaseTitle], ...]:
    """Return the pairs that share an identifier but no word of four letters or more: they must not be merged."""
    titles_of: dict[str, list[SeedKnowledgeBaseTitle]] = {}
    for title in knowledge_base.titles:
        for identifier in sorted(_identifiers(title)):
            titles_of.setdefault(identifier, []).append(title)
    pairs = {
        (bib, title): None
        for bib in library.bibs
        for identifier in sorted(_identifiers_of_bib(bib))
        for title in titles_of.get(identifier, ())
        if not _words(bib.title) & _words(title.name)
    }
    return tuple(pairs)


def _identifiers_of_bib(bib: SeedBib) -> frozenset[str]:
    return frozenset(filter(None, (bib.issn_print, bib.issn_online, bib.isbn_print, bib.isbn_online)))


def _identifiers(title: SeedKnowledgeBaseTitle) -> frozenset[str]:
    return frozenset(filter(None, (title.issn_print, title.issn_online, title.isbn_print, title.isbn_online)))


def _words(name: str) -> frozenset[str]:
    words = re.findall(r"\w+", name.casefold())
    return frozenset(word for word in words if len(word) > 3 or not word.isascii())


def _title(bib: SeedBib, name: str) -> SeedKnowledgeBaseTitle:
    return SeedKnowledgeBaseTitle(
        name=name,
        publication_type=PUBLICATION_TYPES[bib.kind],
        issn_print=bib.issn_print,
        issn_online=bib.issn_online,
        isbn_print=bib.isbn_print,
        isbn_online=bib.isbn_online,
        publisher=bib.publisher,
    )


def _near_name(rng: Random, bib: SeedBib) -> str:
    """Return the name as other catalogues write it: half of them the same, the rest nearly."""
    title = bib.title
    whole = f"{title}: {bib.subtitle}" if bib.subtitle else title
    spellings = [whole, whole, whole, title, title.upper(), f"{title}."]
    if title.startswith("The "):
        spellings += [f"{title[4:]}, The", title[4:]]
    elif title.isascii():
        spellings.append(f"The {title}")
    if " and " in title:
        spellings.append(title.replace(" and ", " & "))
    return rng.choice(spellings)


def _other_name(strangers: BibMaker, bib: SeedBib) -> str:
    words = _words(bib.title)
    for _ in range(_MOST_TRIES):
        name = strangers.name(bib.kind)
        if not words & _words(name):
            return name
    return "Zibaldone"


def _second(rng: Random, bib: SeedBib) -> SeedKnowledgeBaseTitle:
    """Return the same title once more, as a second provider sent it: often with one identifier only."""
    title = _title(bib, bib.title.upper())
    if bib.issn_print and bib.issn_online and rng.random() < 0.5:
        return replace(title, issn_print="")
    return title


def _packages(rng: Random, titles: Sequence[SeedKnowledgeBaseTitle]) -> tuple[SeedKnowledgeBasePackage, ...]:
    """Spread the titles over the packages by what they hold; one title in five lies in a second package."""
    held: list[set[int]] = [set() for _ in _PACKAGES]
    for position, title in enumerate(titles):
        wanted = (0, 1, 2, 4) if title.publication_type == "Journal" else (3, 4)
        held[rng.choice(wanted)].add(position)
        if rng.random() < 0.2:
            held[rng.choice(wanted)].add(position)
    last = len(_PACKAGES) - 1
    return tuple(
        SeedKnowledgeBasePackage(
            name=name,
            provider=provider,
            content_type=content_type,
            titles=tuple(sorted(positions)),
            selected=number == last,
        )
        for number, ((name, provider, content_type), positions) in enumerate(zip(_PACKAGES, held, strict=True))
    )
