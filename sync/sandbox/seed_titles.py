"""Makes bibs: names composed from the vocabulary, publishers, and identifiers in the shares that real lists have."""

from random import Random

from sync.sandbox.dice import dice
from sync.sandbox.identifiers import IdentifierMint, hyphenated, isbn10
from sync.sandbox.seed import PublicationKind, SeedBib
from sync.sandbox.words import (
    FAMILY_NAMES,
    INITIALS,
    INVENTED_HOUSES,
    LANGUAGES,
    PUBLISHER_FORMS,
    Vocabulary,
)

_VOCABULARIES = tuple(vocabulary for vocabulary, _ in LANGUAGES)
_LANGUAGE_WEIGHTS = tuple(weight for _, weight in LANGUAGES)
_TRIES = 40
# Of the serials that have an ISSN: both 18,790, print alone 14,643, online alone 1,229 (facts: matching)
_HELD, _HELD_SHARES = ("both", "print", "online"), (54.2, 42.2, 3.6)


class BibMaker:
    """Makes bibs with names that it uses once each, as long as the vocabulary lasts, and identifiers used once each."""

    def __init__(self, *, seed: int, mint: IdentifierMint, topic: str = "bibs") -> None:
        self._rng = dice(seed, topic)
        self._mint = mint
        self._names: set[str] = set()
        self._made = 0

    def make(self, kind: PublicationKind, *, without_identifier: float) -> SeedBib:
        """Return a new bib; `without_identifier` (0 to 1) is the chance that it has neither ISSN nor ISBN."""
        self._made += 1
        bare = self._rng.random() < without_identifier
        if kind is PublicationKind.JOURNAL:
            return self._journal(bare)
        return self._monograph(kind, bare)

    def name(self, kind: PublicationKind) -> str:
        """Return a new name without subtitle."""
        return self._name(kind)[0]

    def _name(self, kind: PublicationKind) -> tuple[str, Vocabulary]:
        vocabulary = self._rng.choices(_VOCABULARIES, _LANGUAGE_WEIGHTS)[0]
        patterns = vocabulary.journals if kind is PublicationKind.JOURNAL else vocabulary.books
        for _ in range(_TRIES):
            name = _composed(self._rng, vocabulary, self._rng.choice(patterns))
            if name not in self._names:
                break
        else:
            name = f"{name}. Series {self._made}"
        self._names.add(name)
        return name, vocabulary

    def _journal(self, bare: bool) -> SeedBib:
        rng = self._rng
        held = "none" if bare else rng.choices(_HELD, _HELD_SHARES)[0]
        return SeedBib(
            key=f"journal:{self._made}",
            title=self.name(PublicationKind.JOURNAL),
            subtitle="an international quarterly" if rng.random() < 0.05 else "",
            kind=PublicationKind.JOURNAL,
            issn_print=self._mint.issn() if held in {"both", "print"} else "",
            issn_online=self._mint.issn() if held in {"both", "online"} else "",
            publisher=publisher(rng) if rng.random() < 0.9 else "",
        )

    def _monograph(self, kind: PublicationKind, bare: bool) -> SeedBib:
        rng = self._rng
        online = "" if bare else self._mint.isbn()
        on_paper = self._mint.isbn() if online and rng.random() < 0.6 and kind is PublicationKind.BOOK else ""
        if on_paper and rng.random() < 0.15:
            on_paper = isbn10(on_paper)
        elif on_paper and rng.random() < 0.1:
            on_paper = hyphenated(on_paper)
        edited = rng.random() < 0.3
        title, vocabulary = self._name(kind)
        return SeedBib(
            key=f"{kind.value.lower()}:{self._made}",
            title=title,
            subtitle=_subtitle(rng, kind, vocabulary),
            kind=kind,
            isbn_print=on_paper,
            isbn_online=online,
            publisher=publisher(rng),
            edition=f"{rng.randint(2, 6)}. ed." if rng.random() < 0.15 else "",
            authors=() if edited else _people(rng),
            editors=_people(rng) if edited else (),
            description=f"{rng.randint(60, 900)} pages" if kind is PublicationKind.BOOK and rng.random() < 0.1 else "",
        )


def publisher(rng: Random) -> str:
    """Return the name of an invented publisher."""
    house, second = rng.sample(INVENTED_HOUSES, 2)
    return rng.choice(PUBLISHER_FORMS).format(house=house, second=second)


def _composed(rng: Random, vocabulary: Vocabulary, pattern: str) -> str:
    subject, other = rng.sample(vocabulary.subjects, 2)
    name = pattern.format(
        subject=subject, other=other, field=rng.choice(vocabulary.fields), place=rng.choice(vocabulary.places)
    )
    return name[0].upper() + name[1:]


def _subtitle(rng: Random, kind: PublicationKind, vocabulary: Vocabulary) -> str:
    if kind is PublicationKind.AUDIO:
        return "a recording"
    if kind is PublicationKind.VIDEO:
        return rng.choice(("a film", "lectures on film"))
    return rng.choice(vocabulary.subtitles) if rng.random() < 0.45 else ""


def _people(rng: Random) -> tuple[str, ...]:
    names = rng.sample(FAMILY_NAMES, rng.choices((1, 2, 3), (70, 20, 10))[0])
    return tuple(f"{name}, {rng.choice(INITIALS)}." for name in names)
