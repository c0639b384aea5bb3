"""Wire shapes: full records, brief list records, bibs; and any JSON body as XML (facts: JSON shapes §2)."""

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sync.sandbox.alma import codes, fields, marc
from sync.sandbox.alma.fields import Field, Kind
from sync.sandbox.alma.records import Bib, Collection, Portfolio, Service, Values, Wire
from sync.sandbox.alma.switches import AlmaSwitches

API = "/almaws/v1"
_LINKS = {"libraries": "/conf/libraries/", "licenses": "/acq/licenses/", "po_lines": "/acq/po-lines/"}


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes bodies by the switches; `language` decides the texts beside codes."""

    switches: AlmaSwitches
    language: str = "en"

    def link(self, path: str) -> str:
        """Return an absolute link, with the institution's host, whatever host was called."""
        return f"{self.switches.link_host}{API}{path}"

    # Whole records

    def collection(self, collection: Collection) -> Wire:
        """Return a full collection."""
        body = {
            "id": collection.id,
            "is_local": collection.is_local,
            **self._fields(fields.COLLECTION, collection.values),
        }
        bib = collection.bib
        body["resource_metadata"] = {
            "mms_id": self._bib_reference(bib),
            "title": bib.record.title,
            "author": bib.record.author,
            "issn": "",
        }
        body["portfolios"] = {"value": collection.portfolio_count, "link": None}
        body["link"] = self.link(f"/electronic/e-collections/{collection.id}")
        return body

    def collection_brief(self, collection: Collection) -> Wire:
        """Return a collection as lists have it: null means "not included"."""
        full = self._fields(fields.COLLECTION, collection.values)
        filled = fields.COLLECTION_BRIEF_FILLED
        body: Wire = {"id": collection.id, "is_local": collection.is_local}
        body |= {name: full[name] if name in filled else None for name in fields.COLLECTION_BRIEF}
        body["portfolios"] = {"value": collection.portfolio_count, "link": None}
        body["link"] = self.link(f"/electronic/e-collections/{collection.id}")
        return body

    def service(self, service: Service) -> Wire:
        """Return a full service."""
        link = self._service_link(service)
        body = {"id": service.id, "is_local": service.is_local, **self._fields(fields.SERVICE, service.values)}
        body["portfolios"] = {"value": len(service.portfolios), "link": f"{link}/portfolios"}
        body["link"] = link
        return body

    def service_brief(self, service: Service) -> Wire:
        """Return a service as lists have it (the shape is ours: none is recorded)."""
        if not self.switches.service_list_brief:
            return self.service(service)
        filled = fields.SERVICE_BRIEF_FILLED | {"id", "is_local", "portfolios", "link"}
        return {name: value if name in filled else None for name, value in self.service(service).items()}

    def portfolio(self, portfolio: Portfolio) -> Wire:
        """Return a full portfolio. Its link is the bib form, even when it was read below its collection."""
        body = self._portfolio_head(portfolio)
        if self.switches.later_fields:
            record = portfolio.bib.record
            body["resource_metadata"] |= {"author": record.author, "issn": _first_issn(record)}
        body |= self._fields(fields.PORTFOLIO, portfolio.values)
        body["link"] = self._portfolio_link(portfolio)
        return body

    def portfolio_brief(self, portfolio: Portfolio) -> Wire:
        """Return a portfolio as lists have it: null means "not included"."""
        body = self._portfolio_head(portfolio)
        code = portfolio.values.get("availability", "11")
        body["availability"] = {
            "value": code,
            "desc": codes.label("ElectronicPortfolioBaseStatus", code, self.language),
        }
        body |= {"library": None, "license": None, "pda": None, "link": self._portfolio_link(portfolio)}
        return body

    def _portfolio_head(self, portfolio: Portfolio) -> Wire:
        unset = {"value": "", "link": None}
        service = portfolio.service
        parents: Wire = {"id": unset, "service": unset}
        if service is not None:
            link = self.link(f"/electronic/e-collections/{service.collection.id}")
            parents["id"] = {"value": service.collection.id, "link": link}
            parents["service"] = {"value": service.id, "link": f"{link}/e-services/{service.id}"}
        return {
            "id": portfolio.id,
            "is_local": portfolio.is_local,
            "is_standalone": service is None,
            "resource_metadata": {"mms_id": self._bib_reference(portfolio.bib), "title": portfolio.bib.record.title},
            "electronic_collection": parents,
        }

    def _portfolio_link(self, portfolio: Portfolio) -> str:
        return self.link(f"/bibs/{portfolio.bib.mms_id}/portfolios/{portfolio.id}")

    def _service_link(self, service: Service) -> str:
        return self.link(f"/electronic/e-collections/{service.collection.id}/e-services/{service.id}")

    def _bib_reference(self, bib: Bib) -> Wire:
        return {"value": bib.mms_id, "link": self.link(f"/bibs/{bib.mms_id}")}

    # Fields

    def _fields(self, listed: tuple[Field, ...], values: Values) -> Wire:
        body: Wire = {}
        for field in listed:
            if field.later and not self.switches.later_fields:
                continue
            value = values.get(field.name, field.default)
            if field.kind is Kind.TEXT:
                body[field.name] = value
            elif field.kind is Kind.DATE:
                self._date(body, field.name, value)
            elif field is fields.GROUP_SETTINGS:
                body[self.switches.group_settings_key] = self._value(field, value)
            else:
                body[field.name] = self._value(field, value)
        return body

    def _date(self, body: Wire, name: str, value: str) -> None:
        if value:
            body[name] = f"{value}Z"
        elif self.switches.unset_date != "absent":
            body[name] = None if self.switches.unset_date == "null" else ""

    def _value(self, field: Field, value: Any) -> Any:
        if field.kind is Kind.CODE:
            return self._code(field.table, value)
        if field.kind is Kind.REFERENCE:
            return self._reference(field, value)
        if field.kind is Kind.GROUP:
            return self._fields(field.fields, value or {})
        if field.kind is Kind.OPTIONAL_GROUP:
            return self._fields(field.fields, value) if value else None
        if field.kind is Kind.ROWS:
            rows = value or []
            return [
                self._range(row) if field.fields is fields.RANGE else self._fields(field.fields, row) for row in rows
            ]
        return (value or 0) if field.kind is Kind.NUMBER else bool(value)

    def _code(self, table: str, value: str) -> Wire:
        if value:
            return {"value": value, "desc": codes.label(table, value, self.language) if table else None}
        return {"value": ""} if self.switches.unset_form == "value_only" else {"value": "", "desc": None}

    def _reference(self, field: Field, value: str) -> Wire:
        if value:
            return {"value": value, "link": self.link(_LINKS.get(field.table, "/") + value)}
        return {"value": "", "link": "" if field.name == "pda" else None}

    def _range(self, row: Values) -> Wire:
        if self.switches.month_form == "strings":
            return {part.name: row[part.name] for part in fields.RANGE if row.get(part.name)}
        return {
            part.name: self._code(part.table, row.get(part.name, ""))
            if part.kind is Kind.PART
            else row.get(part.name, "")
            for part in fields.RANGE
        }

    # Bibs

    def bib(self, bib: Bib, *, brief: bool = False, expand: frozenset[str] = frozenset()) -> Wire:
        """Return a bib. Its MARC record is an XML text that declares UTF-16, as recorded; brief ones have none."""
        record = bib.record
        zone = bib.community_zone_id
        body: Wire = {
            "mms_id": bib.mms_id,
            "record_format": "marc21",
            "linked_record_id": {"value": zone or None, "type": "CZ" if zone else None},
            "title": record.title,
            "author": record.author or None,
            "issn": _first_issn(record) or None,
            "isbn": record.first("020", "a") or None,
            "network_number": bib.other_ids,
            "holdings": {"value": None, "link": self.link(f"/bibs/{bib.mms_id}/holdings")},
            "created_by": bib.created_by,
            "created_date": f"{bib.created}Z",
            "last_modified_date": f"{bib.modified:%Y-%m-%d}Z" if bib.modified else f"{bib.created}Z",
            "suppress_from_publishing": "true" if bib.suppressed else "false",
            "originating_system": "ILS",
            "originating_system_id": bib.other_ids[0] if bib.other_ids else bib.mms_id,
            "cataloging_level": {"value": "00", "desc": "Default Level"},
            "link": None,
        }
        more = (("complete_edition", "250", "a"), ("place_of_publication", "264", "a"), ("publisher_const", "264", "b"))
        body |= {name: text for name, tag, code in more if (text := record.first(tag, code))}
        body["requests"] = (
            {"value": 0, "link": self.link(f"/bibs/{bib.mms_id}/requests")} if "requests" in expand else None
        )
        if not brief:
            body["anies"] = [f'<?xml version="1.0" encoding="UTF-16"?>\n{self.marcxml(bib, expand)}']
        return body

    def marcxml(self, bib: Bib, expand: frozenset[str] = frozenset()) -> str:
        """Return the `<record>` of a bib, its shared ids and, when asked for, its electronic inventory added."""
        shared = bib.community_zone_id
        more = [marc.MarcField("035", "  ", (("a", marc.COMMUNITY_ZONE_PREFIX + shared),))] if shared else []
        if "e_avail" in expand:
            more += [self._inventory(portfolio) for portfolio in bib.portfolios.values()]
        version = f"{bib.modified:%Y%m%d%H%M%S}.0" if bib.modified else f"{bib.created.replace('-', '')}000000.0"
        return marc.record_xml(bib.record, mms_id=bib.mms_id, version=version, more=more)

    def _inventory(self, portfolio: Portfolio) -> marc.MarcField:
        """Return the AVE field of a portfolio (OpenAPI 2026-05, GET /bibs)."""
        service, values = portfolio.service, portfolio.values
        collection = service.collection if service is not None else None
        named = collection.values if collection is not None else {}
        parts = (
            ("l", values.get("library", "")),
            ("m", named.get("public_name_override") or named.get("public_name", "")),
            ("n", values.get("public_note", "")),
            ("u", f"{self.switches.link_host}/view/uresolver/openurl?rft.mms_id={portfolio.bib.mms_id}"),
            ("s", _coverage_statement(values.get("coverage_details", {}))),
            ("t", values.get("interface", {}).get("name") or named.get("interface", {}).get("name", "")),
            ("8", portfolio.id),
            ("c", collection.id if collection is not None else ""),
            ("e", codes.label("ElectronicPortfolioBaseStatus", values.get("availability", "11")) or ""),
        )
        return marc.MarcField("AVE", "  ", tuple((code, text) for code, text in parts if text))


def _first_issn(record: marc.MarcRecord) -> str:
    return record.first("022", "a") or record.first("776", "x")


def _coverage_statement(coverage: Values) -> str:
    used = "global" if coverage.get("coverage_in_use") == "1" else "local"
    said = []
    for row in coverage.get(f"{used}_date_coverage_parameters", []):
        start = f"Available from {row['from_year']}" if row.get("from_year") else "Available"
        said.append(f"{start} until {row['until_year']}." if row.get("until_year") else f"{start}.")
    return " ".join(said)


# XML

_WRAPPED = {"network_number": "network_numbers", "row": "rows"}
_AT_ROOT = {"total_record_count", "link"}


def to_xml(root: str, body: Wire) -> bytes:
    """Return a JSON body as Alma's XML: `desc` and `link` of a code are attributes, lists are repeated elements."""
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{marc.allowed(_element(root, body))}'.encode()


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    attributes = set(value) - {"value"} if "value" in value else _AT_ROOT & set(value)
    plain = [(key, value[key]) for key in sorted(attributes) if value[key] is not None]
    opening = name + "".join(f" {key}={quoteattr(str(text))}" for key, text in plain)
    if "value" in value:
        content = "" if value["value"] is None else escape(str(value["value"]))
        return f"<{opening}>{content}</{name}>"
    inner = [_children(key, each) for key, each in value.items() if key not in attributes]
    return f"<{opening}>{''.join(inner)}</{name}>"


def _children(name: str, value: Any) -> str:
    if name == "anies":
        return "".join(text.partition("?>")[2].strip() for text in value)
    if not isinstance(value, list):
        return _element(name, value)
    inner = "".join(_element(name, each) for each in value)
    return f"<{_WRAPPED[name]}>{inner}</{_WRAPPED[name]}>" if name in _WRAPPED else inner
