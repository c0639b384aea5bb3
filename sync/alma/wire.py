"""Alma's JSON as it really comes (facts: alma §2): nulls, empty strings, objects and plain strings for the same thing.

Everything is optional, and what is unset reads as "" (texts, codes, references), () (lists) or None (flags, counts).
Lists hold brief records, in which null means "not included", not "empty": only `Record.raw` tells the two apart.
Unknown keys are kept by the models and in `raw`.
"""

import re
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

_XML_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>\s*")


def _as_text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dict):
        return _as_text(value.get("value"))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_flag(value: Any) -> Any:
    text = _as_text(value)
    if isinstance(text, str):
        return {"true": True, "1": True, "false": False, "0": False, "": None}.get(text.strip().lower(), value)
    return value


def _as_count(value: Any) -> Any:
    text = _as_text(value)
    return None if text == "" else text


def _as_object(value: Any) -> Any:
    """Return null and "" as an object without keys, a plain value as an object's value."""
    if value is None or value in ("", []):
        return {}
    return {"value": _as_text(value)} if isinstance(value, str | int | float) else value


def _as_list(value: Any) -> Any:
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, dict | str) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Flag = Annotated[bool | None, BeforeValidator(_as_flag)]
Count = Annotated[int | None, BeforeValidator(_as_count)]


class Wire(BaseModel):
    """Keeps the keys it does not know."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Code(Wire):
    """A value of a code table: `value` is the code, "" when unset; `desc` a label, never compared."""

    value: Text = ""
    desc: Text = ""


class Reference(Wire):
    """Another record: `value` is its id, "" when unset; `link` is never followed (facts: alma §3c)."""

    value: Text = ""
    link: Text = ""


class CountReference(Wire):
    """How many records are below this one; None when it does not say."""

    value: Count = None
    link: Text = ""


ModelT = TypeVar("ModelT", bound=BaseModel)

CodeField = Annotated[Code, BeforeValidator(_as_object)]
ReferenceField = Annotated[Reference, BeforeValidator(_as_object)]
CountField = Annotated[CountReference, BeforeValidator(_as_object)]
Many = Annotated[tuple[ModelT, ...], BeforeValidator(_as_list)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]

NO_CODE = Code()
NO_REFERENCE = Reference()


class ResourceMetadata(Wire):
    """The bib a record belongs to, in brief."""

    mms_id: ReferenceField = NO_REFERENCE
    title: Text = ""
    author: Text = ""
    issn: Text = ""


class Interface(Wire):
    """The vendor's interface."""

    name: Text = ""
    vendor: ReferenceField = NO_REFERENCE


class Note(Wire):
    """One internal note."""

    content: Text = ""
    creation_date: Text = ""
    created_by: Text = ""
    type: CodeField = NO_CODE


class GroupSetting(Wire):
    """What is different for one inventory group."""

    group: CodeField = NO_CODE
    proxy_enabled: CodeField = NO_CODE
    proxy: Text = ""
    public_name: Text = ""
    authentication_note: Text = ""
    public_note: Text = ""


MetadataField = Annotated[ResourceMetadata, BeforeValidator(_as_object)]
InterfaceField = Annotated[Interface, BeforeValidator(_as_object)]


def _group_settings() -> Any:
    # both spellings are live (facts: alma §2a)
    return Field(default=(), validation_alias=AliasChoices("group_settings", "group_setting"))


class Collection(Wire):
    """An electronic collection, full or brief (facts: alma §2a)."""

    ID_FIELD: ClassVar[str] = "id"

    id: Text = ""
    link: Text = ""
    is_local: Flag = None
    public_name: Text = ""
    public_name_override: Text = ""
    alternative_title: Text = ""
    description: Text = ""
    description_override: Text = ""
    internal_description: Text = ""
    public_note: Text = ""
    authentication_note: Text = ""
    type: CodeField = NO_CODE
    access_type: CodeField = NO_CODE
    process_type: CodeField = NO_CODE
    free: CodeField = NO_CODE
    language: CodeField = NO_CODE
    category: Text = ""
    source: Text = ""
    creator: Text = ""
    url: Text = ""
    url_override: Text = ""
    proxy_enabled: CodeField = NO_CODE
    proxy: Text = ""
    interface: InterfaceField = Interface()
    library: ReferenceField = NO_REFERENCE
    license: ReferenceField = NO_REFERENCE
    po_line: ReferenceField = NO_REFERENCE
    number: Many[Reference] = ()
    is_selective: CodeField = NO_CODE
    counter_platform: CodeField = NO_CODE
    public_access_model: CodeField = NO_CODE
    activation_date: Text = ""
    expected_activation_date: Text = ""
    resource_metadata: MetadataField = ResourceMetadata()
    portfolios: CountField = CountReference()
    notes: Many[Note] = ()
    group_settings: Many[GroupSetting] = _group_settings()

    @property
    def mms_id(self) -> str:
        """Return the MMS ID of the collection's own bib, "" without one."""
        return self.resource_metadata.mms_id.value


class Service(Wire):
    """An electronic service of a collection (facts: alma §2b)."""

    ID_FIELD: ClassVar[str] = "id"

    id: Text = ""
    link: Text = ""
    is_local: Flag = None
    type: CodeField = NO_CODE
    public_description: Text = ""
    public_description_override: Text = ""
    internal_description: Text = ""
    public_note: Text = ""
    authentication_note: Text = ""
    activation_status: CodeField = NO_CODE
    active_from_date: Text = ""
    active_until_date: Text = ""
    activate_new_portfolios: Flag = None
    delete_removed_portfolios: Flag = None
    deactivate_removed_portfolios: Text = ""
    service_temporarily_unavailable: CodeField = NO_CODE
    service_unavailable_date: Text = ""
    service_unavailable_until_date: Text = ""
    service_unavailable_reason: Text = ""
    parser: Text = ""
    parser_override: Text = ""
    parser_parameters: Text = ""
    parser_parameters_override: Text = ""
    link_resolver_plugin: CodeField = NO_CODE
    url_type: CodeField = NO_CODE
    url_type_override: CodeField = NO_CODE
    dynamic_url: Text = ""
    dynamic_url_override: Text = ""
    linking_level: CodeField = NO_CODE
    crossref_supported: CodeField = NO_CODE
    crossref_enabled: CodeField = NO_CODE
    free: CodeField = NO_CODE
    proxy_enabled: CodeField = NO_CODE
    proxy: Text = ""
    portfolios: CountField = CountReference()
    notes: Many[Note] = ()
    group_settings: Many[GroupSetting] = _group_settings()


class CoverageParameters(Wire):
    """One range of coverage. Months and days come as codes or as plain strings; here they are plain, "" when unset."""

    from_year: Text = ""
    from_month: Text = ""
    from_day: Text = ""
    from_volume: Text = ""
    from_issue: Text = ""
    until_year: Text = ""
    until_month: Text = ""
    until_day: Text = ""
    until_volume: Text = ""
    until_issue: Text = ""


class EmbargoInformation(Wire):
    """An embargo or moving wall. The operator's codes differ by institution: table MovingWallOperator."""

    embargo_operator: CodeField = NO_CODE
    number_of_years: Text = ""
    number_of_months: Text = ""


EmbargoField = Annotated[EmbargoInformation, BeforeValidator(_as_object)]


class CoverageDetails(Wire):
    """All coverage of a portfolio; `coverage_in_use` decides which of it counts (facts: alma §2c)."""

    coverage_in_use: CodeField = NO_CODE
    global_date_coverage_parameters: Many[CoverageParameters] = ()
    local_date_coverage_parameters: Many[CoverageParameters] = ()
    perpetual_date_coverage_parameters: Many[CoverageParameters] = ()
    global_embargo_information: EmbargoField = EmbargoInformation()
    local_embargo_information: EmbargoField = EmbargoInformation()
    perpetual_embargo_information: EmbargoField = EmbargoInformation()


class LinkingDetails(Wire):
    """How a portfolio is linked. Static addresses carry the prefix `jkey=`."""

    url: Text = ""
    url_type: CodeField = NO_CODE
    url_type_override: CodeField = NO_CODE
    dynamic_url: Text = ""
    dynamic_url_override: Text = ""
    static_url: Text = ""
    static_url_override: Text = ""
    parser_parameters: Text = ""
    parser_parameters_override: Text = ""
    proxy_enabled: CodeField = NO_CODE
    proxy: Text = ""


class CollectionReference(Wire):
    """The collection and service a portfolio stands below."""

    id: ReferenceField = NO_REFERENCE
    service: ReferenceField = NO_REFERENCE


class Portfolio(Wire):
    """A portfolio, full or brief (facts: alma §2c)."""

    ID_FIELD: ClassVar[str] = "id"

    id: Text = ""
    link: Text = ""
    is_local: Flag = None
    is_standalone: Flag = None
    resource_metadata: MetadataField = ResourceMetadata()
    electronic_collection: Annotated[CollectionReference, BeforeValidator(_as_object)] = CollectionReference()
    availability: CodeField = NO_CODE
    material_type: CodeField = NO_CODE
    access_type: CodeField = NO_CODE
    counter_platform: CodeField = NO_CODE
    public_access_model: CodeField = NO_CODE
    activation_date: Text = ""
    expected_activation_date: Text = ""
    linking_details: Annotated[LinkingDetails, BeforeValidator(_as_object)] = LinkingDetails()
    coverage_details: Annotated[CoverageDetails, BeforeValidator(_as_object)] = CoverageDetails()
    interface: InterfaceField = Interface()
    library: ReferenceField = NO_REFERENCE
    license: ReferenceField = NO_REFERENCE
    po_line: ReferenceField = NO_REFERENCE
    pda: ReferenceField = NO_REFERENCE
    number: Many[Reference] = ()
    internal_description: Text = ""
    authentication_note: Text = ""
    public_note: Text = ""
    notes: Many[Note] = ()
    group_settings: Many[GroupSetting] = _group_settings()

    @property
    def mms_id(self) -> str:
        """Return the MMS ID of the bib."""
        return self.resource_metadata.mms_id.value

    @property
    def collection_id(self) -> str:
        """Return the collection's id, "" for a standalone portfolio."""
        return self.electronic_collection.id.value

    @property
    def service_id(self) -> str:
        """Return the service's id, "" for a standalone portfolio."""
        return self.electronic_collection.service.value


class Bib(Wire):
    """A bibliographic record."""

    ID_FIELD: ClassVar[str] = "mms_id"

    mms_id: Text = ""
    title: Text = ""
    author: Text = ""
    issn: Text = ""
    isbn: Text = ""
    complete_edition: Text = ""
    publisher_const: Text = ""
    place_of_publication: Text = ""
    date_of_publication: Text = ""
    network_number: Texts = ()
    record_format: Text = ""
    suppress_from_publishing: Flag = None
    linked_record_id: ReferenceField = NO_REFERENCE
    originating_system: Text = ""
    originating_system_id: Text = ""
    created_date: Text = ""
    last_modified_date: Text = ""
    anies: Texts = ()

    @property
    def marc_xml(self) -> str:
        """Return the MARC record as XML text, "" when it was not included.

        Its declaration claims UTF-16, which is not true of a JSON string, so it is left out (facts: alma §4).
        """
        return _XML_DECLARATION.sub("", self.anies[0]) if self.anies else ""


class CodeRow(Wire):
    """One code of a table."""

    code: Text = ""
    description: Text = ""
    default: Flag = None
    enabled: Flag = None


class CodeTable(Wire):
    """A code table of the institution (facts: alma §1b)."""

    name: Text = ""
    description: Text = ""
    language: CodeField = NO_CODE
    row: Many[CodeRow] = ()


class IntegrationProfile(Wire):
    """An integration profile; of a proxy, `code` is what stands in records."""

    id: Text = ""
    code: Text = ""
    name: Text = ""
