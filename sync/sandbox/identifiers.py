"""ISSNs and ISBNs for practice titles: each given once, in the right form, with the right check digit."""

from stdnum import ean, isbn, issn

_BLOCK = 1_200_000
# Above the numbers assigned so far and below the placeholder 7777-7777, so that none is a well-known journal's.
_FIRST_ISSN = 4_000_000
_FIRST_ISBN = 100_000_000
_STRIDE = 611_953  # prime to the block: walks through all of it before it repeats


class IdentifierMint:
    """Gives identifiers that no other mint of another block gives: at most 1,200,000 of each kind.

    `block` 0 to 2; `start` shifts the beginning of the walk, so that libraries of other seeds have other numbers.
    """

    def __init__(self, *, block: int, start: int = 0) -> None:
        if not 0 <= block <= 2:
            raise ValueError(f"block {block}: only 0 to 2 keep clear of placeholders")
        self._block = block
        self._start = start
        self._given = {"ISSN": 0, "ISBN": 0}

    def issn(self) -> str:
        """Return the next ISSN, as 4123-456X."""
        stem = str(_FIRST_ISSN + self._step("ISSN"))
        return str(issn.format(stem + issn.calc_check_digit(stem)))

    def isbn(self) -> str:
        """Return the next ISBN-13, 13 digits that begin with 978."""
        stem = f"978{_FIRST_ISBN + self._step('ISBN')}"
        return stem + str(ean.calc_check_digit(stem))

    def _step(self, kind: str) -> int:
        given = self._given[kind]
        if given >= _BLOCK:
            raise ValueError(f"all {_BLOCK} practice {kind}s of block {self._block} are given away")
        self._given[kind] = given + 1
        return self._block * _BLOCK + (self._start + given) * _STRIDE % _BLOCK


def isbn10(isbn13: str) -> str:
    """Return the ISBN-10 of an ISBN-13 that begins with 978."""
    return str(isbn.to_isbn10(isbn13))


def hyphenated(isbn13: str) -> str:
    """Return an ISBN with the hyphens a title page shows."""
    return str(isbn.format(isbn13))


def with_wrong_check_digit(number: str) -> str:
    """Return the ISSN with its check digit one too high (X becomes 0)."""
    last = number[-1]
    return number[:-1] + ("0" if last in "X9" else str(int(last) + 1))
