r"""A FOLIO coverage statement within an Alma public note, marked so that it returns (mapping: coverage_statement).

What only looks like the mark, in a note or a statement, is written with a backslash: `[\FOLIO coverage: `.
"""

import re

_MARK = "[FOLIO coverage: "
_LOOKS_LIKE_IT = re.compile(r"\[(\\*)FOLIO coverage: ")
_ESCAPED = re.compile(r"\[\\(\\*)FOLIO coverage: ")


def split_note(text: str) -> tuple[str, str | None]:
    """Return a public note without a marked statement, and the statement; None when there is none."""
    note, mark, rest = text.rpartition(_MARK)
    statement = rest.rstrip()
    if not mark or not statement.endswith("]") or statement == "]":
        return _unescaped(text), None
    return _unescaped(note.removesuffix(" ")), _unescaped(statement[:-1])


def join_note(note: str, statement: str | None) -> str:
    """Return the public note that holds both; `split_note` takes them apart again."""
    own = _escaped(note)
    if not statement:
        return own
    marked = f"{_MARK}{_escaped(statement)}]"
    return f"{own} {marked}" if own else marked


def _escaped(text: str) -> str:
    return _LOOKS_LIKE_IT.sub(r"[\\\1FOLIO coverage: ", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"[\1FOLIO coverage: ", text)
