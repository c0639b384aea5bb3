"""The search service (SRU): the only way to find bibs by number or title (facts: semantics §4, finding a bib)."""

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from sync.sandbox.alma.records import Bib
from sync.sandbox.alma.world import World, parameters

MOST_RECORDS = 50
"""The largest page (maximumRecords); 10 by default."""

_TERM = re.compile(r'^alma\.(\w+)\s*(?:==|=|\ball\b)\s*"?(.*?)"?$')
_NUMBERED = {
    "issn": ("issn",),
    "isbn": ("isbn",),
    "standard_number": ("issn", "isbn"),
    "other_system_number": ("other",),
}


@dataclass(frozen=True, slots=True)
class SearchService:
    """Answers searchRetrieve. Terms: alma.issn, isbn, standard_number, other_system_number, title, mms_id; and, or."""

    world: World

    async def search(self, request: Request) -> Response:
        """GET /view/sru/{institution}: suppressed bibs are not found."""
        query = parameters(request)
        if query.get("operation") != "searchRetrieve":
            return _diagnosis("4", "Unsupported operation")
        found = self._found(query.get("query", ""))
        if found is None:
            return _diagnosis("10", "Query syntax error")
        start = self.world.number(request, "startRecord", 1, 0) or 1
        wanted = min(self.world.number(request, "maximumRecords", 10, 0), MOST_RECORDS)
        visible = [bib for bib in found if not bib.suppressed]
        page = self.world.disturbed(visible[start - 1 : start - 1 + wanted])
        records = "".join(self._record(request, bib, start + place) for place, bib in enumerate(page))
        after = start + len(page)
        following = f"<nextRecordPosition>{after}</nextRecordPosition>" if after <= len(visible) else ""
        return _sru(f"<numberOfRecords>{len(visible)}</numberOfRecords><records>{records}</records>{following}")

    def _record(self, request: Request, bib: Bib, position: int) -> str:
        plain = self.world.renderer(request).marcxml(bib, frozenset({"e_avail"}))
        record = plain.replace("<record>", '<record xmlns="http://www.loc.gov/MARC21/slim">', 1)
        return (
            "<record><recordSchema>marcxml</recordSchema><recordPacking>xml</recordPacking>"
            f"<recordData>{record}</recordData><recordIdentifier>{bib.mms_id}</recordIdentifier>"
            f"<recordPosition>{position}</recordPosition></record>"
        )

    def _found(self, query: str) -> list[Bib] | None:
        """Return the bibs a query finds, in the order they were made; None if it cannot be read."""
        alternatives = [
            re.split(r"(?i:\s+and\s+)(?=alma\.)", each) for each in re.split(r"(?i:\s+or\s+)(?=alma\.)", query)
        ]
        found: set[str] = set()
        for conditions in alternatives:
            answers = [self._matching(each.strip()) for each in conditions]
            if any(answer is None for answer in answers):
                return None
            found |= set.intersection(*(answer for answer in answers if answer is not None))
        return [self.world.state.bibs[mms_id] for mms_id in sorted(found)]

    def _matching(self, condition: str) -> set[str] | None:
        match = _TERM.match(condition)
        if match is None:
            return None
        index, text = match[1], match[2]
        bibs = self.world.state.bibs
        if index in _NUMBERED:
            kinds = _NUMBERED[index]
            return {bib.mms_id for kind in kinds for bib in self.world.state.bibs_numbered(kind, text)}
        if index == "mms_id":
            return {text} & set(bibs)
        if index == "title":
            words = _words(text)
            return {bib.mms_id for bib in bibs.values() if words <= _words(bib.record.title)}
        return None


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _sru(inner: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
        f'<searchRetrieveResponse xmlns="http://www.loc.gov/zing/srw/"><version>1.2</version>{inner}</searchRetrieveResponse>'
    )
    return Response(body.encode(), 200, {"Content-Type": "text/xml;charset=UTF-8"})


def _diagnosis(number: str, text: str) -> Response:
    return _sru(
        '<numberOfRecords>0</numberOfRecords><diagnostics xmlns:diag="http://www.loc.gov/zing/srw/diagnostic/">'
        f"<diag:diagnostic><diag:uri>info:srw/diagnostic/1/{number}</diag:uri>"
        f"<diag:message>{escape(text)}</diag:message></diag:diagnostic></diagnostics>"
    )
