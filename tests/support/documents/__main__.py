"""Writes the pages that are made from the code: python -m tests.support.documents"""

from tests.support.commands import REPOSITORY
from tests.support.documents import PAGES

for name, page in PAGES.items():
    (REPOSITORY / "docs" / name).write_text(page(), encoding="utf-8")
