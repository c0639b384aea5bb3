"""How the practice Alma behaves where the facts are unknown or contradictory: every such point is a named switch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

READ_WRITE_KEY = "practice-alma-key"
READ_ONLY_KEY = "practice-alma-read-only-key"


@dataclass(slots=True, kw_only=True)
class AlmaSwitches:
    """All switches of one practice Alma; each may be changed while it runs. Comments say what a default rests on."""

    # Who may call
    api_key: str = READ_WRITE_KEY
    read_only_keys: frozenset[str] = frozenset({READ_ONLY_KEY})
    # Areas a key is limited to ("electronic", "bibs", "conf"); a key not named here has all of them.
    key_areas: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unauthorized_status: int = 400  # 400 in recorded answers of clients; 401 and 403 are conceivable (facts §8.8)

    # How many calls
    requests_per_second: int = 25  # 0: no limit
    refused_calls_count: bool = True  # whether calls refused for their rate count as arrivals of that second
    daily_calls: int = 200_000  # calls a UTC day; 0 refuses every call
    refused_calls_use_quota: bool = False  # whether a call refused for its rate uses up one of the day's calls
    daily_status: int = 429  # facts §3b: unknown; one plugin assumes 403
    latency_seconds: float = 0.0  # added to every call

    # What an error looks like
    wrapped_errors: bool = False  # JSON errors inside {"web_service_result": …}
    error_as_object: bool = False  # "error" is an object instead of a list
    error_without_result: bool = False  # the key "result" is absent (seen in 2026)
    invalid_parameter_code: str = "40166410"  # limit or offset out of range; documented for conf only
    invalid_body_code: str = "401652"  # a body that is neither JSON nor XML

    # What a record looks like
    link_host: str = "https://api-practice.hosted.exlibrisgroup.invalid"  # host of every link; never resolves
    unset_form: Literal["value_and_desc", "value_only"] = (
        "value_and_desc"  # {"value": "", "desc": null} or {"value": ""}
    )
    unset_date: Literal["null", "empty", "absent"] = "null"  # no unset date is recorded in a full record
    month_form: Literal["objects", "strings"] = "objects"  # "strings": plain text, empty parts left out (seen in 2026)
    group_settings_key: Literal["group_settings", "group_setting"] = "group_settings"
    later_fields: bool = True  # False: only the keys of the older recorded bodies

    # Lists
    list_order: Literal["stable", "shuffled"] = "stable"  # "shuffled": every list call has an order of its own
    max_offset: int = 0  # 0: none; above it an error
    service_list_total_null: bool = False
    service_list_brief: bool = True  # no service list is recorded
    bibs_total_null: bool = True  # total_record_count of GET /bibs is null in the recorded answer
    unknown_mms_in_list: Literal["omit", "error"] = "omit"  # an unknown id among those of GET /bibs?mms_id=
    bib_lookup_miss: Literal["empty", "error"] = "empty"  # GET /bibs by another id that finds nothing

    # Writes
    put_clears_omitted: bool = False  # False: omitted is kept and "" clears (developer pages); True: full replace
    put_null_clears: bool = True  # whether a JSON null clears a field (so the quick-update app uses it for dates)
    managed_fields: Literal["ignore", "reject"] = "ignore"  # base fields of a Community-Zone record in a PUT
    coverage_on_create_ignored: bool = True  # coverage_details of a POST have no effect
    validate_portfolio_parents: bool = False  # whether wrong collection and service ids in a portfolio's path matter
    access_type_required: bool = True  # 60128 when a new collection has none

    # Deletes
    delete_in_process_seconds: float = 0.0  # how long a service or portfolio stays after its DELETE was answered
    bib_path_delete_default: Literal["retain", "delete"] = "delete"  # schema says retain, its description delete

    # Other
    test_endpoint_json: bool = False  # /bibs/test and /conf/test answer JSON when asked; documented as XML
    environment_type: str = "SANDBOX"
