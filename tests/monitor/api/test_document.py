import re
from http import HTTPStatus

from monitor.api.document import document
from monitor.api.ingest import operations
from monitor.reference.api import described

DOCUMENT = described()
OPERATIONS = [
    (path, method, told) for path, methods in DOCUMENT["paths"].items() for method, told in methods.items()
]


def refs(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def test_every_reference_leads_somewhere():
    found = set(refs(DOCUMENT))
    assert found
    for ref in found:
        place = DOCUMENT
        for part in ref.removeprefix("#/").split("/"):
            place = place[part]


def test_every_operation_has_a_name_of_its_own_and_says_who_may():
    names = [told["operationId"] for _, _, told in OPERATIONS]
    assert len(names) == len(set(names)) > 20
    for path, method, told in OPERATIONS:
        assert told["summary"].endswith(".")
        if path.startswith("/api/"):
            assert told["security"] == [{"token": []}, {"session": []}]
            assert told["x-role"] in ("viewer", "responder", "admin")
            for status in ("401", "403", "422", "429", "503"):
                assert status in told["responses"]
            assert ("413" in told["responses"]) is (method == "post")
        assert all(
            scheme in DOCUMENT["components"]["securitySchemes"] for s in told["security"] for scheme in s
        )
        assert [p["name"] for p in told.get("parameters", []) if p["in"] == "path"] == re.findall(
            r"{(\w+)}", path
        )


def test_every_status_is_one():
    for _, _, told in OPERATIONS:
        assert all(HTTPStatus(int(status)) for status in told["responses"])


def test_only_what_is_given_is_described():
    alone = document(operations())
    assert {"Accepted", "Problem"} == set(alone["components"]["schemas"])
    assert all(path.startswith("/ingest/") for path in alone["paths"])
