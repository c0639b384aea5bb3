"""The code tables: what each code means, as GET /conf/code-tables shows it.

The names of the tables are the real ones. Codes recorded in real answers: availability 10 and 11, coverage in use 0,
collection types 0 and 6, url types, BOOK and JOURNAL, getFullTxt, Yes/No. **All others are ours**, made up for
practice, because no public source shows them: above all `MovingWallOperator`, `CoverageInUse` 1 to 3 and
`CollectionAccessType`. A client must read them, never know them (facts: code tables, open questions).
"""

from dataclasses import dataclass

TABLES: dict[str, dict[str, str]] = {
    "isAggregator": {"0": "Selective package", "1": "Aggregator package", "6": "Database"},
    "CollectionAccessType": {"current": "Current", "perpetual": "Perpetual", "currper": "Current and perpetual"},
    "PortfolioAccessType": {"current": "Current", "perpetual": "Perpetual", "currper": "Current and perpetual"},
    "CoverageInUse": {"0": "Only local", "1": "Only global", "2": "Global or local", "3": "Global and local"},
    "MovingWallOperator": {
        ">": "Available when older than",
        ">=": "Available when as old as or older than",
        "<": "Available when younger than",
        "<=": "Available when as old as or younger than",
        "=": "Available when exactly as old as",
    },
    "Months": {
        "1": "January",
        "2": "February",
        "3": "March",
        "4": "April",
        "5": "May",
        "6": "June",
        "7": "July",
        "8": "August",
        "9": "September",
        "10": "October",
        "11": "November",
        "12": "December",
    },
    "ElectronicBaseStatus": {"11": "Available", "10": "Not Available"},
    "ElectronicPortfolioBaseStatus": {"11": "Available", "10": "Not Available"},
    "electronicMaterialType": {
        "BOOK": "Book",
        "JOURNAL": "Journal",
        "DISSERTATION": "Dissertation",
        "DOCUMENT": "Document",
        "AUDIO": "Audio",
        "VIDEO": "Video",
    },
    "ServiceType": {"getFullTxt": "Full Text", "getSelectedFullTxt": "Selected Full Text"},
    "LinkingLevel": {"ARTICLE": "Article", "ISSUE": "Issue", "VOLUME": "Volume", "JOURNAL": "Journal", "BOOK": "Book"},
    "LinkResolverPlugin": {"NONE": "None", "BULK": "Bulk"},
    "crossRefEnabled": {"Yes": "Yes", "No": "No"},
    "CrossRefSupported": {"Yes": "Yes", "No": "No"},
    "IsFree": {"0": "No", "1": "Yes"},
    "GroupProxyEnabled": {"true": "Yes", "false": "No", "INHERIT": "As in the collection"},
    "PROCESSTYPE": {"ACQ": "Acquisition", "TRIAL": "Trial"},
    "provenanceCodes": {"LIBRARY": "Library", "CONSORTIUM": "Consortium"},
    "CounterPlatform": {"PRACTICE": "Practice platform"},
    "PublicAccessModel": {"1U": "One user", "3U": "Three users", "UU": "Unlimited users"},
    "marcLanguage": {"eng": "English", "fre": "French", "ger": "German", "spa": "Spanish", "nob": "Norwegian (Bokmål)"},
    "BooleanYesNo": {"true": "Yes", "false": "No"},
    "BooleanYesNoNumericCode": {"0": "No", "1": "Yes"},
    "IntegrationTypes": {"PROXY_DEFINITION": "Proxy", "UPLOAD_ELECTRONIC_HOLDINGS": "Upload electronic holdings"},
}

URL_TYPES = {"urlType": {"static": "Static", "dynamic": "Dynamic", "param": "Parser parameters"}}
"""Codes that stand in records but in no table with a known name; GET /conf/code-tables does not show them."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy definition: an integration profile whose `code` stands in records."""

    id: str
    code: str
    name: str
    url: str


def codes(table: str) -> dict[str, str]:
    """Return the codes of a table with their English texts.

    Raises:
        KeyError: there is no such table.
    """
    return TABLES[table] if table in TABLES else URL_TYPES[table]


def label(table: str, code: str, language: str = "en") -> str | None:
    """Return what a code means, None when the table does not know it.

    In any language but English the text is another one, so that a client that compares texts is found out.
    """
    text = codes(table).get(code)
    if text is None or language == "en":
        return text
    return f"{text} [{language}]"
