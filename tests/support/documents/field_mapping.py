"""docs/field-mapping.md: which field of Alma is which of FOLIO, found by letting the program read and write them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any, TypeVar

import pymarc

from sync.alma import bodies as alma_bodies
from sync.alma import wire as alma
from sync.alma.codes import KNOWN_OPERATORS, KNOWN_PUBLICATION_TYPES, AlmaCodes, WriteCodes
from sync.alma.mapping import holding_from_portfolio, package_from_collection, publication_type, service_from_wire
from sync.alma.marc import LEADER_TYPES, title_from_marc
from sync.alma.marc_write import bib_xml
from sync.folio import bodies as folio_bodies
from sync.folio import fit, mapping
from sync.folio import wire as folio
from sync.model import EmbargoKind, Holding, Package, Record, Service, Title
from sync.plan.compare import ALMA_PACKAGE_FIELDS
from sync.plan.three_way import HOLDING_FLOWS, PACKAGE_FLOWS, TITLE_FLOWS, Flow
from tests.support.documents import samples
from tests.support.documents.probing import Path, changed_keys, readers

R = TypeVar("R", bound=Record)

HEAD = """# Field mapping

Which field of Alma is which of FOLIO. This page is made from the program itself: it was given records of each kind, one
value after the other was changed, and what came of it is written here.

A field goes *both ways* in a `sync`; one way (`migrate`) it goes as that says. What is read in several places is taken
from the first that holds something; an override comes before what it overrides. What the other side cannot hold is
listed as a loss. The reasons behind the values are in [both ways](both-ways.md).
"""
WORDS = {
    "name": "name", "content_type": "content type", "hidden": "hidden", "proxy": "proxy", "access_type": "access type",
    "url": "address", "description": "description", "publication_type": "publication type",
    "identifiers": "ISSN, ISBN", "publisher": "publisher", "edition": "edition", "contributors": "people",
    "available": "available", "coverage": "coverage", "embargo": "embargo", "coverage_statement": "coverage statement",
    "public_note": "public note", "authentication_note": "authentication note",
    "internal_description": "internal description",
}  # fmt: skip
CODES = AlmaCodes()
WRITE_CODES = WriteCodes()
TODAY = date(2026, 1, 1)


def field_mapping_page() -> str:
    """Return the page."""
    parts = (HEAD, _packages(), _titles(), _holdings(), _limits(), _codes())
    return "\n".join(parts)


# the three tables


def _packages() -> str:
    in_alma = _merged(
        readers([record, dict(samples.SERVICE)], _package_of_alma)
        for record in (samples.COLLECTION, samples.ZONE_COLLECTION)
    )
    in_folio = readers(samples.FOLIO_PACKAGE, lambda one: mapping.package_from_wire(folio.Package.model_validate(one)))
    alma_record = _package_of_alma([samples.COLLECTION, samples.SERVICE])
    to_alma = {
        name: changed_keys(
            samples.COLLECTION,
            alma_bodies.changed_collection(samples.COLLECTION, _other(alma_record, name), frozenset({name})),
        )
        for name in ALMA_PACKAGE_FIELDS
    }
    service = alma_bodies.changed_service(
        samples.SERVICE, replace(_service(), available=False), frozenset({"available"})
    )
    to_alma["hidden"] = [("service", *path) for path in changed_keys(samples.SERVICE, service)]
    stored = folio.Package.model_validate(samples.FOLIO_PACKAGE)
    to_folio = _written(
        PACKAGE_FLOWS, mapping.package_from_wire(stored), lambda one: folio_bodies.package_put(one, stored)
    )
    return _table(
        "Packages: Alma's electronic collection, FOLIO's package", PACKAGE_FLOWS, in_alma, to_alma, in_folio, to_folio
    )


def _titles() -> str:
    in_alma = _merged(readers(record, _title_of_alma) for record in (samples.MARC, samples.OLD_MARC))
    in_folio = readers(samples.FOLIO_TITLE, lambda one: mapping.title_from_wire(folio.Title.model_validate(one)))
    title = mapping.title_from_wire(folio.Title.model_validate(samples.FOLIO_TITLE))
    to_folio = _written(TITLE_FLOWS, title, lambda one: folio_bodies.title_post(one, "1-2"))
    to_alma = {name: changed_keys(_marc(title), _marc(_other(title, name))) for name in TITLE_FLOWS}
    return _table(
        "Titles: Alma's bib (MARC), FOLIO's title", TITLE_FLOWS, in_alma, to_alma, in_folio, to_folio,
        note="A bib is written when it is made, for a title of FOLIO that the library has none for; bibs that exist "
        "are never edited, nor are titles of the knowledge base.",
    )  # fmt: skip


def _holdings() -> str:
    in_alma = _merged(
        readers([record, dict(samples.SERVICE)], _holding_of_alma)
        for record in (samples.PORTFOLIO, samples.ZONE_PORTFOLIO)
    )
    in_folio = _merged(
        readers(record, _holding_of_folio) for record in (samples.FOLIO_RESOURCE, samples.MANAGED_RESOURCE)
    )
    portfolio = _holding_of_alma([samples.PORTFOLIO, samples.SERVICE])
    to_alma = {
        name: changed_keys(
            samples.PORTFOLIO,
            alma_bodies.changed_portfolio(
                samples.PORTFOLIO, _other(portfolio, name), portfolio, frozenset({name}), WRITE_CODES
            ),
        )
        for name in HOLDING_FLOWS
    }
    stored = folio.Resource.model_validate(samples.FOLIO_RESOURCE)
    maps = fit.FolioMaps(notes=samples.NOTES, proxies={"vpn": "vpn"}, access_types={"trial": "other"})
    plain = fit.fit_holding(replace(portfolio, proxy=None, access_type=None), maps).record
    before = folio_bodies.resource_put(plain, stored).model_dump(mode="json", by_alias=True)
    to_folio = {
        name: changed_keys(
            before,
            folio_bodies.resource_put(
                fit.fit_holding(_other(replace(portfolio, proxy=None, access_type=None), name), maps).record, stored
            ).model_dump(mode="json", by_alias=True),
        )
        for name in HOLDING_FLOWS
    }
    return _table(
        "Holdings: Alma's portfolio, FOLIO's title in a package", HOLDING_FLOWS, in_alma, to_alma, in_folio, to_folio,
        note="Which user-defined field holds a note is for the configuration to say (`[pairs.NAME.maps.notes]`); here "
        "the first three do. A coverage in volumes or a rolling wall is told in FOLIO's coverage statement. Of "
        "Community-Zone records overrides are written.",
    )  # fmt: skip


def _limits() -> str:
    names = {
        "a package's name": fit.PACKAGE_NAME_LIMIT,
        "a package's address": fit.PACKAGE_URL_LIMIT,
        "a package's description": fit.PACKAGE_DESCRIPTION_LIMIT,
        "a title's name": fit.TITLE_NAME_LIMIT,
        "publisher": fit.PUBLISHER_LIMIT,
        "edition": fit.EDITION_LIMIT,
        "a title's description": fit.DESCRIPTION_LIMIT,
        "ISSN or ISBN": fit.IDENTIFIER_LIMIT,
        "address of a holding": fit.URL_LIMIT,
        "coverage statement": fit.STATEMENT_LIMIT,
        "user-defined field": fit.USER_DEFINED_LIMIT,
    }
    rows = [f"| {name} | {limit} |" for name, limit in names.items()]
    return "\n".join(["## What FOLIO has room for", "", "| field | characters |", "|---|---|", *rows, ""])


def _codes() -> str:
    kinds = {
        EmbargoKind.DELAY: "the most recent period is hidden",
        EmbargoKind.ROLLING: "only the most recent is shown",
    }
    rows = [f"| material type | `{code}` | {name} |" for code, name in sorted(KNOWN_PUBLICATION_TYPES.items())]
    rows += [f"| leader 06-07 | `{code}` | {name} |" for code, name in sorted(LEADER_TYPES.items())]
    more = {0: "", 1: ", and one year or month more", -1: ", and one year or month less"}
    rows += [
        f"| embargo operator | `{code}` | {kinds[one.kind]}{more[one.more]} |"
        for code, one in sorted(KNOWN_OPERATORS.items())
    ]
    head = ["## Codes of Alma that are known", "", "Others are for the configuration to name; `check` shows them.", ""]
    return "\n".join([*head, "| field | code | meaning |", "|---|---|---|", *rows, ""])


# reading


def _package_of_alma(record: Any) -> Package:
    collection, service = record
    services = [alma.Service.model_validate(service)]
    return package_from_collection(alma.Collection.model_validate(collection), services, {"Journal"})


def _holding_of_alma(record: Any) -> Holding:
    portfolio, service = record
    return holding_from_portfolio(
        alma.Portfolio.model_validate(portfolio),
        collection_id="1",
        service=alma.Service.model_validate(service),
        package_hidden=False,
        codes=CODES,
    )


def _holding_of_folio(record: Any) -> Holding:
    holding = mapping.holding_from_wire(folio.Resource.model_validate(record))
    notes = {note: holding.user_defined[number - 1] for note, number in samples.NOTES.items()}
    return replace(holding, **notes)


def _title_of_alma(fields: Any) -> Title:
    record = pymarc.Record(leader=f"00000n{fields['leader'].get('06-07') or '  '} a2200000 i 4500")
    for tag, subfields in fields.items():
        if tag == "008":
            record.add_field(pymarc.Field(tag=tag, data=" " * 23 + (subfields.get("23") or " ")))
        elif tag not in ("leader", "portfolio") and subfields:
            coded = [pymarc.Subfield(code, text) for code, text in subfields.items()]
            record.add_field(pymarc.Field(tag=tag, indicators=pymarc.Indicators(" ", "1"), subfields=coded))
    material = publication_type(fields["portfolio"]["material_type"], CODES)
    return title_from_marc("99", record, [material] if material else [])


def _service() -> Service:
    return service_from_wire(alma.Service.model_validate(samples.SERVICE), "1")


# writing


def _marc(title: Title) -> dict[str, Any]:
    (record,) = pymarc.parse_xml_to_array(BytesIO(bib_xml(title, today=TODAY)))
    found: dict[str, Any] = {"leader": {"06-07": str(record.leader)[6:8]}}
    for field in record.get_fields():
        parts = found.setdefault(field.tag, {})
        for one in field.subfields if not field.is_control_field() else ():
            parts.setdefault(one.code, "")
            parts[one.code] += one.value
    return found


def _written(flows: Iterable[str], record: R, body: Callable[[R], Any]) -> dict[str, list[Path]]:
    """Return which keys of FOLIO's body change with each field."""
    before = body(record).model_dump(mode="json", by_alias=True)
    return {
        name: changed_keys(before, body(_other(record, name)).model_dump(mode="json", by_alias=True)) for name in flows
    }


def _other(record: R, name: str) -> R:
    return replace(record, **{name: samples.OTHER_VALUES[name]})


# showing


def _merged(found: Iterable[Mapping[str, list[Path]]]) -> dict[str, list[Path]]:
    merged: dict[str, list[Path]] = {}
    for one in found:
        for field, paths in one.items():
            merged.setdefault(field, []).extend(paths)
    return merged


def _table(
    title: str,
    flows: Mapping[str, Flow],
    in_alma: Mapping[str, list[Path]],
    to_alma: Mapping[str, list[Path]],
    in_folio: Mapping[str, list[Path]],
    to_folio: Mapping[str, list[Path]],
    *,
    note: str = "",
) -> str:
    lines = [f"## {title}", "", *([note, ""] if note else []), "| | Alma | FOLIO | goes |", "|---|---|---|---|"]
    for name, flow in flows.items():
        alma_cell = _cell(in_alma.get(name, []), to_alma.get(name, []))
        folio_cell = _cell(in_folio.get(name, []), to_folio.get(name, []))
        way = "both ways" if flow.to_alma and flow.to_folio else "to FOLIO"
        lines.append(f"| {WORDS[name]} | {alma_cell} | {folio_cell} | {way} |")
    return "\n".join([*lines, ""])


def _cell(read: list[Path], written: list[Path]) -> str:
    places = _names(read)
    others = [one for one in _names(written) if one not in places]
    return "<br>".join([*places, *(f"{one} (written)" for one in others)]) or "none"


def _names(paths: Iterable[Path]) -> list[str]:
    """Return the places as people know them: no numbers in lists, no "value" below a code."""
    found: dict[str, None] = {}
    for path in paths:
        steps = [str(one) for one in path if not isinstance(one, int)]
        steps = [one for one in steps if one not in ("value", "attributes")]
        if path and path[0] == 1:
            steps = ["service", *steps]
        depth = 2 if steps and steps[0] in ("linking_details", "coverage_details", "service", "relationships") else 1
        shown = ".".join(steps[:depth])
        if steps and (steps[0].isdigit() or steps[0] in ("leader", "portfolio")):
            shown = " ".join(steps)
        if shown:
            found[f"`{shown}`"] = None
    return list(found)
