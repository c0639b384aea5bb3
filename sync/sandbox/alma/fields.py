"""Which fields the records have, of which kind, and who owns them (facts: JSON shapes §2a to §2c).

A stored record keeps plain text by these names and only what is set; `render` makes the wire shape from it and `write`
takes a written body back into it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a field looks on the wire."""

    TEXT = "text"
    FLAG = "flag"  # JSON boolean
    NUMBER = "number"
    DATE = "date"  # YYYY-MM-DDZ
    CODE = "code"  # {"value", "desc"}; stored as the code
    REFERENCE = "reference"  # {"value", "link"}; stored as the id
    PART = "part"  # month or day: a code object, or plain text
    GROUP = "group"  # an object
    OPTIONAL_GROUP = "optional group"  # an object, or null when nothing is set
    ROWS = "rows"  # a list of objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `table` is its code table, or what its reference points to; `error` the code of a wrong value.

    `managed` fields of a Community-Zone record come from the zone; `later` ones are absent from older recordings.
    """

    name: str
    kind: Kind = Kind.TEXT
    table: str = ""
    error: str = "60165"
    fields: "tuple[Field, ...]" = ()
    default: str = ""
    managed: bool = False
    later: bool = False


def _text(*names: str, managed: bool = False, later: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name=name, managed=managed, later=later) for name in names)


def _code(name: str, table: str, error: str, *, default: str = "", managed: bool = False, later: bool = False) -> Field:
    return Field(name=name, kind=Kind.CODE, table=table, error=error, default=default, managed=managed, later=later)


def _reference(name: str, table: str, error: str, *, later: bool = False) -> Field:
    return Field(name=name, kind=Kind.REFERENCE, table=table, error=error, later=later)


def _flag(name: str, *, later: bool = False) -> Field:
    return Field(name=name, kind=Kind.FLAG, later=later)


def _date(name: str, error: str, *, later: bool = False) -> Field:
    return Field(name=name, kind=Kind.DATE, error=error, later=later)


def _range_end(end: str) -> tuple[Field, ...]:
    return (
        Field(name=f"{end}_year"),
        Field(name=f"{end}_month", kind=Kind.PART, table="Months"),
        Field(name=f"{end}_day", kind=Kind.PART),
        *_text(f"{end}_volume", f"{end}_issue"),
    )


RANGE = (*_range_end("from"), *_range_end("until"))
EMBARGO = (_code("embargo_operator", "MovingWallOperator", "60165"), *_text("number_of_years", "number_of_months"))
NUMBERS = Field(name="number", kind=Kind.ROWS, fields=_text("value"), later=True)
NOTES = Field(name="notes", kind=Kind.ROWS, fields=_text("content", "creation_date", "created_by", "type"), later=True)
GROUP_SETTINGS = Field(
    name="group_settings",
    kind=Kind.ROWS,
    later=True,
    fields=(
        Field(name="group", kind=Kind.GROUP, fields=_text("value")),
        _code("proxy_enabled", "GroupProxyEnabled", "60135"),
        *_text("proxy", "public_name", "authentication_note", "public_note"),
    ),
)
PROXY = Field(name="proxy", table="proxies", error="60133")


def _ranges(name: str, *, managed: bool = False, later: bool = False) -> Field:
    return Field(name=name, kind=Kind.ROWS, fields=RANGE, managed=managed, later=later)


def _embargo(name: str, *, managed: bool = False) -> Field:
    return Field(name=name, kind=Kind.OPTIONAL_GROUP, fields=EMBARGO, managed=managed, later=True)


def _interface(error: str, *, later: bool = False) -> Field:
    vendor = Field(name="vendor", kind=Kind.OPTIONAL_GROUP, fields=_text("value", "link"))
    name = Field(name="name", table="interfaces", error=error)
    return Field(name="interface", kind=Kind.GROUP, fields=(name, vendor), later=later)


CDI_INFO = Field(
    name="cdi_info",
    kind=Kind.OPTIONAL_GROUP,
    later=True,
    managed=True,
    fields=(*_text("cdi_collection_id"), Field(name="number_of_records_in_cdi", kind=Kind.NUMBER)),
)

COLLECTION = (
    Field(name="public_name", error="60126", managed=True),
    *_text("public_name_override"),
    *_text("description", managed=True),
    *_text("description_override", later=True),
    *_text("internal_description"),
    _reference("library", "libraries", "402469"),
    _code("type", "isAggregator", "60127", managed=True),
    _interface("60134"),
    _code("process_type", "PROCESSTYPE", "60158"),
    _code("access_type", "CollectionAccessType", "60128"),
    _reference("po_line", "po_lines", "60137"),
    _date("activation_date", "60142"),
    _date("expected_activation_date", "60142", later=True),
    _reference("license", "licenses", "60129"),
    *_text("alternative_title", "source", "creator", "url", managed=True),
    *_text("url_override"),
    _code("free", "IsFree", "60130"),
    _code("proxy_enabled", "BooleanYesNo", "60132"),
    PROXY,
    _code("language", "marcLanguage", "60131", managed=True),
    *_text("category", managed=True),
    *_text("authentication_note", "public_note"),
    _code("is_selective", "BooleanYesNo", "60127", later=True),
    _code("counter_platform", "CounterPlatform", "60296", later=True),
    _code("public_access_model", "PublicAccessModel", "60165", later=True),
    NUMBERS,
    NOTES,
    GROUP_SETTINGS,
    _flag("do_not_show_as_full_text_available_in_cdi_even_if_active_in_alma", later=True),
    _flag("cdi_search_activation_status", later=True),
    _flag("cdi_only_full_text_activation", later=True),
    *_text("cdi_local_notes", later=True),
    CDI_INFO,
)
COLLECTION_BRIEF = (
    "public_name",
    "description",
    "library",
    "type",
    "license",
    "source",
    "creator",
    "url",
    "free",
    "proxy",
    "language",
    "category",
)
COLLECTION_BRIEF_FILLED = frozenset({"public_name", "description", "type"})

SERVICE = (
    _code("type", "ServiceType", "60127"),
    *_text("public_description", managed=True),
    *_text("public_description_override", "internal_description"),
    _code("activation_status", "ElectronicBaseStatus", "60138", default="10"),
    _flag("activate_new_portfolios"),
    _flag("delete_removed_portfolios"),
    *_text("deactivate_removed_portfolios"),
    _date("active_from_date", "60142"),
    _date("active_until_date", "60142"),
    _code("service_temporarily_unavailable", "BooleanYesNoNumericCode", "60144", default="0"),
    _date("service_unavailable_date", "60142"),
    _date("service_unavailable_until_date", "60142"),
    *_text("service_unavailable_reason"),
    *_text("parser", managed=True),
    *_text("parser_override"),
    *_text("parser_parameters", managed=True),
    *_text("parser_parameters_override"),
    _code("link_resolver_plugin", "LinkResolverPlugin", "60145", managed=True),
    _code("url_type", "urlType", "60146", managed=True),
    _code("url_type_override", "urlType", "60146"),
    *_text("dynamic_url", managed=True),
    *_text("dynamic_url_override"),
    _code("free", "IsFree", "60130"),
    _code("crossref_supported", "CrossRefSupported", "60147", managed=True),
    _code("crossref_enabled", "crossRefEnabled", "60147"),
    _code("proxy_enabled", "BooleanYesNo", "60132"),
    PROXY,
    _code("linking_level", "LinkingLevel", "60148", managed=True),
    *_text("authentication_note", "public_note"),
    NOTES,
    GROUP_SETTINGS,
)
SERVICE_BRIEF_FILLED = frozenset({"type", "public_description", "activation_status"})

LINKING = (
    *_text("url", managed=True),
    _code("url_type", "urlType", "60166", managed=True),
    _code("url_type_override", "urlType", "60166", later=True),
    *_text("dynamic_url", managed=True),
    *_text("dynamic_url_override", later=True),
    *_text("static_url", managed=True),
    *_text("static_url_override", later=True),
    *_text("parser_parameters", managed=True),
    *_text("parser_parameters_override"),
    _code("proxy_enabled", "BooleanYesNo", "60167", default="false"),
    Field(name="proxy", table="proxies", error="60168"),
)
COVERAGE = (
    _code("coverage_in_use", "CoverageInUse", "60170", default="0"),
    _ranges("global_date_coverage_parameters", managed=True),
    _ranges("local_date_coverage_parameters"),
    _ranges("perpetual_date_coverage_parameters", later=True),
    _embargo("global_embargo_information", managed=True),
    _embargo("local_embargo_information"),
    _embargo("perpetual_embargo_information"),
)
PORTFOLIO = (
    _code("availability", "ElectronicPortfolioBaseStatus", "60161", default="11"),
    _code("material_type", "electronicMaterialType", "60171", managed=True),
    _date("activation_date", "300465", later=True),
    _date("expected_activation_date", "300465", later=True),
    _reference("library", "libraries", "402469"),
    _code("access_type", "PortfolioAccessType", "60165", later=True),
    _code("counter_platform", "CounterPlatform", "60296", later=True),
    Field(name="linking_details", kind=Kind.GROUP, fields=LINKING),
    Field(name="coverage_details", kind=Kind.GROUP, fields=COVERAGE),
    _reference("po_line", "po_lines", "60172"),
    _code("public_access_model", "PublicAccessModel", "60165", later=True),
    _reference("license", "licenses", "60169"),
    _interface("60223", later=True),
    _reference("pda", "pdas", "60165"),
    NUMBERS,
    *_text("authentication_note", "public_note"),
    *_text("internal_description", later=True),
    NOTES,
    GROUP_SETTINGS,
)
PORTFOLIO_BRIEF = ("availability", "library", "license", "pda")
PORTFOLIO_BRIEF_FILLED = frozenset({"availability"})
