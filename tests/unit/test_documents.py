"""The pages of docs/ that are made from the code say what the code does now, and leave no key without a word."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from sync.plan.three_way import HOLDING_FLOWS, PACKAGE_FLOWS, TITLE_FLOWS
from sync.settings import Settings
from tests.support.commands import REPOSITORY
from tests.support.documents import PAGES
from tests.support.documents.configuration import section_in
from tests.support.documents.field_mapping import WORDS


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_the_code_is_as_the_code_is(name: str) -> None:
    stored = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
    assert stored == PAGES[name](), "write it anew with: make docs"


def test_each_key_of_the_configuration_says_what_it_means() -> None:
    silent = [name for name, words in _keys("", Settings) if not words]
    assert silent == []


def test_every_field_that_travels_has_a_row_with_a_place_on_either_side() -> None:
    rows = PAGES["field-mapping.md"]().splitlines()
    for name in {*PACKAGE_FLOWS, *TITLE_FLOWS, *HOLDING_FLOWS}:
        found = [row.split(" | ") for row in rows if row.startswith(f"| {WORDS[name]} | ")]
        assert [row for row in found if "none" in row] == []
        assert found


def _keys(path: str, model: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        below = section_in(field.annotation)
        if below is None:
            yield f"{path}{name}", field.description
        else:
            yield from _keys(f"{path}{name}.", below)
