"""Takes a written body into a record's values: which fields count, which are kept, which values are refused."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from sync.sandbox.alma import codes, fields, marc
from sync.sandbox.alma.errors import AlmaError
from sync.sandbox.alma.fields import Field, Kind
from sync.sandbox.alma.records import Values
from sync.sandbox.alma.state import Institution
from sync.sandbox.alma.switches import AlmaSwitches

Body = Mapping[str, Any]

IDENTITY = (
    Field(name="is_local"),
    Field(name="is_standalone"),
    Field(
        name="resource_metadata",
        kind=Kind.GROUP,
        fields=(Field(name="mms_id", kind=Kind.REFERENCE), Field(name="title")),
    ),
    Field(
        name="electronic_collection",
        kind=Kind.GROUP,
        fields=(Field(name="id", kind=Kind.REFERENCE), Field(name="service", kind=Kind.REFERENCE)),
    ),
)
"""What a body may say besides the fields of its record."""


def read_body(raw: bytes, listed: tuple[Field, ...], switches: AlmaSwitches) -> Body:
    """Return a JSON or XML body in the shape JSON has.

    Raises:
        AlmaError: it is neither, or no object.
    """
    text = raw.strip()
    try:
        body = _from_xml(ET.fromstring(text), (*IDENTITY, *listed)) if text[:1] == b"<" else msgspec.json.decode(text)  # noqa: S314
    except (ET.ParseError, msgspec.DecodeError) as error:
        raise AlmaError(switches.invalid_body_code) from error
    if not isinstance(body, dict):
        raise AlmaError(switches.invalid_body_code)
    return body


def _from_xml(element: ET.Element, listed: tuple[Field, ...]) -> dict[str, Any]:
    known = {field.name: field for field in listed}
    body: dict[str, Any] = {}
    for child in element:
        name = marc.local_name(child)
        field = known.get(name)
        if field is None:
            continue
        text = child.text or ""
        value: Any = text
        if field.fields:  # one with a text of its own is {"value": text} in JSON
            value = {"value": text.strip()} if text.strip() and not len(child) else _from_xml(child, field.fields)
        if field.kind is Kind.ROWS:
            body.setdefault(name, []).extend([value] if value else [])
        else:
            body[name] = value
    return body


def code_of(value: Any) -> str:
    """Return the code of `{"value": code, …}` or of a bare code; "" for nothing."""
    return text_of(value).strip()


def text_of(value: Any) -> str:
    """Return a text as it was sent, its blanks included; "" for nothing."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Writer:
    """Merges bodies into values, by the switches. `managed`: the record comes from the Community Zone."""

    switches: AlmaSwitches
    institution: Institution
    managed: bool = False

    def merged(self, listed: tuple[Field, ...], old: Values, body: Body) -> Values:
        """Return the values after the write; `old` is left as it is.

        Raises:
            AlmaError: a value is refused, with the code of its field.
        """
        new = dict(old)
        for field in listed:
            name = self._name_in(field, body)
            if self.managed and field.managed:
                self._guard_managed(field, old, body)
            elif name is not None:
                if body[name] is not None or self.switches.put_null_clears:
                    new[field.name] = self._read(field, old.get(field.name), body[name])
            elif self.switches.put_clears_omitted:
                self._clear(new, field)
        return new

    def _clear(self, new: Values, field: Field) -> None:
        """Clear what was left out, except what a Community-Zone record has from its zone."""
        if field.kind is Kind.GROUP:
            new[field.name] = self.merged(field.fields, new.get(field.name) or {}, {})
        else:
            new.pop(field.name, None)

    @staticmethod
    def _name_in(field: Field, body: Body) -> str | None:
        if field.name in body:
            return field.name
        if field is fields.GROUP_SETTINGS and "group_setting" in body:
            return "group_setting"
        return None

    def _guard_managed(self, field: Field, old: Values, body: Body) -> None:
        """Refuse a changed field of the Community Zone, if the switch says so; it is ignored otherwise."""
        if self.switches.managed_fields == "ignore" or field.name not in body:
            return
        sent = self._read(field, old.get(field.name), body[field.name])
        if sent != (old.get(field.name) or self._read(field, None, None)):
            raise AlmaError(field.error)

    def _read(self, field: Field, old: Any, value: Any) -> Any:
        """Return a field's new value.

        Raises:
            AlmaError: it is refused.
        """
        if field.kind is Kind.GROUP:
            return self.merged(field.fields, old or {}, value if isinstance(value, Mapping) else _cleared(field))
        if field.kind is Kind.OPTIONAL_GROUP:
            group = self.merged(field.fields, {}, value) if isinstance(value, Mapping) else {}
            return group if any(group.values()) else None
        if field.kind is Kind.ROWS:
            return self._rows(field, value)
        if field.kind is Kind.FLAG:
            return code_of(value).lower() == "true"
        if field.kind is Kind.NUMBER:
            return int(value) if isinstance(value, int) else 0
        return self._text(field, text_of(value) if field.kind is Kind.TEXT else code_of(value))

    def _rows(self, field: Field, value: Any) -> list[Values]:
        rows = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
        read = [self.merged(field.fields, {}, row) for row in rows if isinstance(row, Mapping)]
        return [{name: part for name, part in row.items() if part} for row in read]

    def _text(self, field: Field, text: str) -> str:
        if not text:
            return ""
        if field.kind is Kind.DATE:
            return _date(field, text)
        if field.kind in (Kind.CODE, Kind.PART) and field.table and text not in codes.codes(field.table):
            raise AlmaError(field.error)
        points = field.kind is Kind.REFERENCE or (field.kind is Kind.TEXT and field.table)
        if points and not self.institution.knows(field.table, text):
            raise AlmaError(field.error)
        return text


def _cleared(field: Field) -> Body:
    return {part.name: None for part in field.fields}


def _date(field: Field, text: str) -> str:
    try:
        return date.fromisoformat(text.removesuffix("Z")).isoformat()
    except ValueError as error:
        raise AlmaError(field.error) from error
