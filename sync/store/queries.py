"""The SQL that is more than a line, kept as text files beside this module, where it can be read and reviewed."""

from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@cache
def sql(name: str) -> TextClause:
    """Return the statement of the file sql/NAME.sql, its parameters written as :name."""
    return text(raw_sql(name))


@cache
def raw_sql(name: str) -> str:
    """Return the text of the file sql/NAME.sql."""
    return files("sync.store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
