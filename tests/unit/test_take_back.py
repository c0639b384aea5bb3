"""What takes a change back: the pure rules."""

from dataclasses import replace

import pytest

from sync.model import INHERITED, Holding, Kind, Loss, Package, Proxy, Service, System, Title
from sync.plan.changes import Action, Change, FieldChange, Status, change_id
from sync.plan.take_back import NOT_KNOWN, Done, Place, take_back, title_again
from sync.plan.writes import Before

WAS = Holding(
    key="19-101-301", package_key="19-101", title_key="301", url="https://a.example.org/", coverage_statement="",
    access_type="", user_defined=("", "", "", "", ""),
)  # fmt: skip


def change(action: Action, desired: Package | Service | Title | Holding, kind: Kind = Kind.HOLDING) -> Change:
    return Change(
        id=change_id(System.FOLIO, kind, desired.key),
        system=System.FOLIO,
        kind=kind,
        action=action,
        name="Journal",
        desired=desired,
        source_keys=("53100",),
        package_key="61100",
        title_key="9910",
        target_id="19-101-301" if action is not Action.CREATE else "",
        status=Status.VERIFIED,
    )


def test_what_was_changed_gets_its_former_values_and_nothing_else_is_written() -> None:
    meant = replace(WAS, url="https://b.example.org/", proxy=Proxy(enabled=True, code="ez"), access_type=None)
    was = replace(WAS, proxy=Proxy(enabled=True, code="ez"))
    (back,) = take_back(Done(change=change(Action.UPDATE, meant), before=Before(record=was)), "takes back run 7")
    assert (back.action, back.target_id, back.reason) == (Action.UPDATE, "19-101-301", "takes back run 7")
    assert back.fields == (FieldChange("url", "https://b.example.org/", "https://a.example.org/"),)
    assert isinstance(back.desired, Holding)
    assert (back.desired.url, back.desired.proxy, back.desired.access_type) == ("https://a.example.org/", None, None)
    assert back.agreed, "the guard on one field counts it"


def test_a_value_that_was_not_there_is_emptied_again() -> None:
    meant = replace(WAS, coverage_statement="first issues only", embargo=None)
    (back,) = take_back(
        Done(change=change(Action.UPDATE, meant), before=Before(record=replace(WAS, coverage_statement=None))), "back"
    )
    assert isinstance(back.desired, Holding)
    assert back.desired.coverage_statement == ""
    assert [one.field for one in back.fields] == ["coverage_statement"]


def test_an_inherited_proxy_cannot_be_set_back_and_that_is_said() -> None:
    meant = replace(WAS, url="https://b.example.org/", proxy=Proxy(enabled=True, code="ez"))
    (back,) = take_back(
        Done(change=change(Action.UPDATE, meant), before=Before(record=replace(WAS, proxy=INHERITED))), "back"
    )
    assert [one.field for one in back.fields] == ["url"]
    assert [one.field for one in back.losses] == ["proxy"]
    (left,) = take_back(
        Done(
            change=change(Action.UPDATE, replace(meant, url=WAS.url)),
            before=Before(record=replace(WAS, proxy=INHERITED)),
        ),
        "back",
    )
    assert (left.status, [one.field for one in left.losses]) == (Status.NOTED, ["proxy"])


def test_what_was_created_is_removed_only_while_it_is_as_it_was_made() -> None:
    meant = replace(WAS, key="", package_key="61100", title_key="9910", coverage_statement=None, access_type=None)
    place = Place(package_key="19-101", title_key="301")
    (back,) = take_back(Done(change=change(Action.CREATE, meant), made="19-101-301", place=place), "back")
    assert (back.action, back.target_id, back.package_key, back.source_keys) == (
        Action.REMOVE, "19-101-301", "19-101", (),
    )  # fmt: skip
    assert isinstance(back.desired, Holding)
    # what was left out is empty: a librarian who fills it has edited the record
    assert (back.desired.coverage_statement, back.desired.access_type) == ("", "")
    assert back.desired.user_defined == ("", "", "", "", "")


def test_what_was_there_before_is_restored_and_not_removed() -> None:
    meant = replace(WAS, url="https://b.example.org/")
    found = Done(change=replace(change(Action.CREATE, meant), target_id=""), before=Before(record=WAS))
    (back,) = take_back(found, "back")
    assert (back.action, back.target_id) == (Action.UPDATE, "19-101-301")
    assert take_back(Done(change=change(Action.CREATE, meant)), "back") == []


@pytest.mark.parametrize(("action", "back_again"), [(Action.REMOVE, Action.CREATE), (Action.DESELECT, Action.SELECT)])
def test_what_was_removed_is_made_again_and_what_is_lost_is_listed(action: Action, back_again: Action) -> None:
    lost = (Loss("tags", "core", "tags are not made again"),)
    before = Before(record=replace(WAS, proxy=INHERITED), title=Title(key="301", name="Journal"), lost=lost)
    (back,) = take_back(Done(change=change(action, WAS), before=before, partners=("53100", "53101")), "back")
    assert (back.action, back.target_id, back.source_keys) == (back_again, "", ("53100", "53101"))
    assert (back.package_key, back.title_key) == ("19-101", "301")
    assert isinstance(back.desired, Holding)
    assert back.desired.proxy is None
    assert [one.field for one in back.losses] == (["tags", "id"] if action is Action.REMOVE else ["tags"])

    title = title_again(back, Title(key="301", name="Journal"), ("9910",))
    assert (title.id, title.kind, title.action, title.title_key) == (
        "folio/title/301", Kind.TITLE, Action.CREATE, "301",
    )  # fmt: skip


def test_where_nobody_knows_what_was_it_is_said() -> None:
    for action in (Action.UPDATE, Action.REMOVE):
        (left,) = take_back(Done(change=change(action, WAS)), "back")
        assert (left.status, left.reason) == (Status.NOTED, NOT_KNOWN)
    never = replace(change(Action.UPDATE, WAS), status=Status.SKIPPED)
    assert take_back(Done(change=never), "back") == []


def test_a_title_goes_and_comes_with_its_holdings_and_a_vendors_package_with_its_titles() -> None:
    title = change(Action.CREATE, Title(key="9910", name="Journal"), Kind.TITLE)
    assert take_back(Done(change=title, made="301"), "back") == []
    package = Package(key="19-101", name="Coastal", managed=True)
    gone = change(Action.DESELECT, package, Kind.PACKAGE)
    (left,) = take_back(Done(change=gone, before=Before(record=package)), "back")
    assert (left.status, left.action) == (Status.NOTED, Action.DESELECT)
    assert "by hand" in left.reason


def test_a_collection_keeps_what_its_services_say_until_those_are_taken_back() -> None:
    was = Package(key="61100", name="Coastal", managed=False, url="https://a.example.org/")
    meant = replace(was, url="", hidden=True, content_type="E-Journal", service_keys=("62",))
    in_alma = replace(change(Action.UPDATE, meant, Kind.PACKAGE), system=System.ALMA)
    (back,) = take_back(Done(change=in_alma, before=Before(record=was)), "back")
    assert isinstance(back.desired, Package)
    assert (back.desired.url, back.desired.hidden, back.desired.service_keys) == (
        "https://a.example.org/",
        True,
        ("62",),
    )
