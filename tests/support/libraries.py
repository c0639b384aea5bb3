"""Small libraries for tests: plain journals, each with names, numbers and addresses of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sync.sandbox.identifiers import IdentifierMint
from sync.sandbox.seed import (
    SeedBib,
    SeedCollection,
    SeedKnowledgeBase,
    SeedKnowledgeBasePackage,
    SeedKnowledgeBaseTitle,
    SeedLibrary,
    SeedPortfolio,
    SeedRange,
    SeedService,
)

_MINT = IdentifierMint(block=1)
_ISSNS: list[str] = []


def issn(number: int) -> str:
    """Return the same valid ISSN for the same number."""
    while len(_ISSNS) <= number:
        _ISSNS.append(_MINT.issn())
    return _ISSNS[number]


def journal(number: int, **changes: Any) -> SeedBib:
    """Return a journal that differs from those of all other numbers in everything."""
    plain = SeedBib(
        key=f"bib:{number}",
        title=f"Journal {number} of Harbour Studies",
        issn_print=issn(2 * number),
        issn_online=issn(2 * number + 1),
        publisher=f"Press {number % 7}",
    )
    return replace(plain, **changes)


def portfolio(bib: SeedBib | int, **changes: Any) -> SeedPortfolio:
    """Return a portfolio of the bib, covering 1998 to the present."""
    key = bib.key if isinstance(bib, SeedBib) else f"bib:{bib}"
    plain = SeedPortfolio(
        bib=key,
        url=f"https://journals.example.org/{key.replace(':', '/')}",
        local_coverage=(SeedRange(from_year="1998"),),
    )
    return replace(plain, **changes)


def collection(name: str, portfolios: Iterable[SeedPortfolio] = (), **changes: Any) -> SeedCollection:
    """Return a local collection with one service."""
    plain = SeedCollection(name=name, interface="Harbour Online", services=(SeedService(portfolios=tuple(portfolios)),))
    return replace(plain, **changes)


def library(bibs: Iterable[SeedBib], *collections: SeedCollection) -> SeedLibrary:
    """Return a library."""
    return SeedLibrary(bibs=tuple(bibs), collections=collections)


def plain_library(sizes: Sequence[int], *, first: int = 0) -> SeedLibrary:
    """Return a library of one collection for each size, with so many journals of its own."""
    bibs: list[SeedBib] = []
    collections = []
    for position, size in enumerate(sizes):
        own = [journal(number) for number in range(first + len(bibs), first + len(bibs) + size)]
        bibs += own
        collections.append(collection(f"Collection {position + 1}", [portfolio(bib) for bib in own]))
    return library(bibs, *collections)


def known_title(bib: SeedBib, **changes: Any) -> SeedKnowledgeBaseTitle:
    """Return the knowledge base's own record of a bib."""
    plain = SeedKnowledgeBaseTitle(
        name=bib.title, issn_print=bib.issn_print, issn_online=bib.issn_online, publisher=bib.publisher
    )
    return replace(plain, **changes)


def knowledge_base(*titles: SeedKnowledgeBaseTitle, selected: bool = False) -> SeedKnowledgeBase:
    """Return a knowledge base with one package that holds these titles."""
    package = SeedKnowledgeBasePackage(
        name="Vendor's Complete", provider="Vendor", titles=tuple(range(len(titles))), selected=selected
    )
    return SeedKnowledgeBase(titles=titles, packages=(package,))
