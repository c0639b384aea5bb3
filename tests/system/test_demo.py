"""The demonstration, as somebody runs it first: in an empty folder, without any configuration."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Ended, Place

KBART = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "kbart"
LISTS = (
    "gokb/ScienceDirectStandard_Global_EBook-AgriculturalAndBiologicalSciencesPre-2007_2016-05-23.txt",  # with a BOM
    "kbplus/580_IOP_option_1_2011_2012_Nesli2.csv",  # commas, and lines before the header
    "mod-agreements/Testdata_KBART_AnnualReviews.tsv",
)
NAMES = ("Annual Review of Biochemistry", "Classical and Quantum Gravity")
"""Titles that stand in the lists."""


@pytest.fixture
def place() -> Iterator[Place]:
    """Give an empty folder that the account of the embedded server may pass through (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield Place(folder=folder)
    shutil.rmtree(folder, ignore_errors=True)


def read_report(place: Place, answer: Ended) -> dict[str, Any]:
    """Return the report that the demo names, after a look at what was printed around it."""
    assert answer.code == 0, answer.out + answer.err
    assert "Traceback" not in answer.err
    assert re.search(r"The second migrate wrote 0 records: [\d,]+ were compared and agree", answer.out)
    assert re.search(r"Not moved: 0 failed, 0 skipped, \d+ parked", answer.out)
    (text,) = (place.folder / ".alma-folio-sync" / "demo" / "reports").glob("run-*.txt")
    assert f".alma-folio-sync/demo/reports/{text.name}" in answer.out.replace("\n", "")
    report: dict[str, Any] = json.loads(text.with_suffix(".json").read_text(encoding="utf-8"))
    assert all(change["name"] in text.read_text(encoding="utf-8") for change in report["changes"][:1])
    return report


def check_that_all_is_moved_or_parked_with_reason(report: dict[str, Any]) -> None:
    parked = [change for change in report["changes"] if change["status"] == "parked"]
    written = [change for change in report["changes"] if change["status"] != "parked"]
    assert {change["status"] for change in written} == {"verified"}
    assert report["summary"]["create"] == report["result"]["verified"] == len(written)
    assert report["result"]["failed"] == len(parked)
    assert all(change["reason"] for change in parked)
    assert report["summary"]["withheld"] == report["result"]["skipped"] == report["result"]["paused"] == 0


async def test_the_demo_moves_a_made_up_library(place: Place) -> None:
    answer = await place.run("demo", "--portfolios", "60")
    report = read_report(place, answer)
    check_that_all_is_moved_or_parked_with_reason(report)
    assert sum(change["kind"] == "holding" for change in report["changes"]) > 50
    assert report["result"]["applied"] > 100


@pytest.mark.skipif(not KBART.is_dir(), reason="the title lists are not at hand (shared/data/kbart)")
async def test_the_demo_moves_real_title_lists(place: Place) -> None:
    files = [str(KBART / name) for name in LISTS]
    answer = await place.run("demo", "--titles", *files)
    report = read_report(place, answer)
    check_that_all_is_moved_or_parked_with_reason(report)
    packages = [change for change in report["changes"] if change["kind"] == "package"]
    assert len(packages) == len(LISTS)
    titles = {change["name"] for change in report["changes"] if change["kind"] == "title"}
    assert titles.issuperset(NAMES), sorted(titles)[:400]
    assert sum(change["kind"] == "holding" for change in report["changes"]) > 300
