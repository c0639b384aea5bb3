"""Error bodies of every family become codes and words a person can act on, and nothing in them can do harm."""

import json

import pytest

from sync.errors import Complaint
from sync.transport.bodies import Family, errors_in_success, read_complaints, read_error
from sync.transport.redaction import forget_secret, register_secret

XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<web_service_result xmlns="http://com/exlibris/urm/general/xmlbeans"><errorsExist>true</errorsExist><errorList>'
    "<error><errorCode>UNAUTHORIZED</errorCode><errorMessage>API-key not defined or not configured to allow this API."
    "</errorMessage></error></errorList></web_service_result>"
)
ALMA_ERROR = {"errorCode": "401664", "errorMessage": "Mandatory field is missing: library", "trackingId": "E01-28"}
ALMA_COMPLAINT = Complaint("401664", "Mandatory field is missing: library", "E01-28")


@pytest.mark.parametrize(
    "body",
    [
        {"errorsExist": True, "errorList": {"error": [ALMA_ERROR]}, "result": None},
        {"errorsExist": True, "errorList": {"error": [ALMA_ERROR]}},
        {"errorsExist": True, "errorList": {"error": ALMA_ERROR}, "result": None},
        {"web_service_result": {"errorsExist": True, "errorList": {"error": ALMA_ERROR}}},
    ],
)
def test_alma_says_one_thing_in_many_forms(body: object) -> None:
    found = read_error(json.dumps(body).encode(), "application/json")

    assert found.family is Family.ALMA
    assert found.complaints == (ALMA_COMPLAINT,)


def test_alma_answers_xml_even_where_json_was_asked_for() -> None:
    found = read_error(XML.encode(), "application/json")

    assert found.codes == {"UNAUTHORIZED"}
    assert found.complaints[0].text == "API-key not defined or not configured to allow this API."


FAMILIES = [
    (
        {"errors": [{"title": "Invalid name", "detail": "name must not be empty"}], "jsonapi": {"version": "1.0"}},
        Family.JSON_API,
        Complaint("", "Invalid name: name must not be empty"),
    ),
    (
        {"errors": [{"title": "Package not found", "detail": ""}], "jsonapi": {"version": "1.0"}},
        Family.JSON_API,
        Complaint("", "Package not found"),
    ),
    (
        {"errors": [{"title": {"errors": [{"code": 1001, "subCode": 0, "message": "Vendor not found"}]}}]},
        Family.JSON_API,
        Complaint("1001", "Vendor not found"),
    ),
    (
        {
            "errors": [
                {
                    "message": "must not be null",
                    "type": "1",
                    "code": "-1",
                    "parameters": [{"key": "data.attributes.name", "value": "null"}],
                }
            ]
        },
        Family.RMB,
        Complaint("", "must not be null (data.attributes.name = null)"),
    ),
    (
        {
            "errors": [{"message": "Access Denied", "code": "AUTHORIZATION_ERROR", "type": "ForbiddenException"}],
            "total_records": 1,
        },
        Family.FOLIO,
        Complaint("AUTHORIZATION_ERROR", "Access Denied"),
    ),
    (
        {"message": "no Route matched with those values"},
        Family.KONG,
        Complaint("", "no Route matched with those values"),
    ),
    (
        {"Errors": [{"Code": 1001, "Message": "Package not found", "SubCode": 0}]},
        Family.EBSCO,
        Complaint("1001", "Package not found"),
    ),
    (
        {"errors": [{"code": 1009, "subCode": 0, "message": "Custom Package with the provided name already exists"}]},
        Family.EBSCO,
        Complaint("1009", "Custom Package with the provided name already exists"),
    ),
    (
        {"error": "invalid_client", "error_description": "unknown client"},
        Family.OTHER,
        Complaint("", "invalid_client: unknown client"),
    ),
]


@pytest.mark.parametrize(("body", "family", "complaint"), FAMILIES)
def test_each_family_is_told_by_its_shape(body: object, family: Family, complaint: Complaint) -> None:
    # servers label bodies wrongly, so the label must not matter
    for media_type in ("application/json", "application/vnd.api+json", "text/plain", ""):
        found = read_error(json.dumps(body).encode(), media_type)
        assert (found.family, found.complaints) == (family, (complaint,))


def test_a_web_page_is_told_by_its_title() -> None:
    page = b"<!DOCTYPE html><html><head><title>502 Bad&nbsp;Gateway</title></head><body><h1>x</h1></body></html>"

    assert read_error(page, "text/html").family is Family.HTML
    assert read_complaints(page) == (Complaint("", "502 Bad Gateway"),)
    assert read_complaints(b"<html><script>var a;</script><body>Down  for\nrepair</body></html>") == (
        Complaint("", "Down for repair"),
    )


def test_plain_words_stay_and_nothing_is_nothing() -> None:
    assert read_complaints(b"Invalid token\n", "text/plain") == (Complaint("", "Invalid token"),)
    assert read_complaints(b'"quoted words"') == (Complaint("", "quoted words"),)
    assert read_complaints(b"  ") == ()


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors": "none"}',
        b'{"errorsExist": true, "errorList": null}',
        b'{"errorList": {"error": [null, 3]}}',
        b'{"errors": [null, 3, "words"]}',
        b'{"errors": [{"message": null, "parameters": [null, {"value": 1}]}]}',
        b"[1, 2]",
        b"[" * 100_000,
        b"{",
        b"<a><b></a>",
        b"<x/>",
        b"\xff\xfe\x00",
        b"\x00\x01\x02",
    ],
)
def test_no_body_can_break_the_reading(body: bytes) -> None:
    for complaint in read_complaints(body, "application/json"):
        assert len(complaint.text) <= 500


def test_a_document_type_is_never_read() -> None:
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;">]>'
        "<web_service_result><errorList><error><errorCode>&b;</errorCode></error></errorList></web_service_result>"
    )
    found = read_error(bomb.encode(), "application/xml")

    assert found.family is Family.TEXT
    assert found.codes == frozenset()
    assert "boomboom" not in found.complaints[0].text


def test_long_texts_are_cut_and_secrets_struck_out() -> None:
    register_secret("s3cret-pass")
    try:
        text = read_complaints(b"user sync with s3cret-pass " + b"x" * 5000)[0].text
    finally:
        forget_secret("s3cret-pass")

    assert len(text) == 500
    assert "s3cret" not in text


def test_errors_with_a_success_status_are_found_but_warnings_are_none() -> None:
    error_list = {"errorsExist": True, "errorList": {"error": [ALMA_ERROR]}}
    errors = errors_in_success(json.dumps({**error_list, "result": None}).encode())

    assert errors is not None
    assert errors.complaints == (ALMA_COMPLAINT,)
    assert errors_in_success(XML.encode()) is not None
    # a bib that was stored, with warnings beside it
    assert errors_in_success(json.dumps({**error_list, "mms_id": "99"}).encode()) is None
    assert errors_in_success(b'{"public_name": "errorList"}') is None
    assert errors_in_success(b"{}") is None
