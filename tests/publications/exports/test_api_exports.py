"""/v1/exports: CSV files of chosen fields, ordered, watched, taken away and deleted (docs/api.md, "Exports")."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from config.api.actions.revoke_api_key import revoke_api_key
from config.staff.models import AuditEntry
from publications.exports.actions.delete_old_files import delete_old_files
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.exports.report import order_report
from publications.exports.sign_download import VALID
from tests.support.api.calls import Answer, Api
from tests.support.api.exports import SDK, finished, ordered, table, taken
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def test_from_the_order_to_the_file():
    VoucherFactory(code="ROAST-99C9-TNEZ")
    caller = Api()

    scheduled = ordered(caller, fields=["id", "code"], order="code")
    make_export_file(Export.objects.get().pk)
    done = caller.get(f"exports/{scheduled['id']}")

    export = Export.objects.get()
    assert scheduled == {
        "id": export.public_id,
        "object": "export",
        "created_at": scheduled["created_at"],
        "status": "SCHEDULED",
        "channel": "API",
        "exported_object": "voucher",
        "parameters": {"order": "code", "fields": ["id", "code"], "filters": {"junction": "and"}},
        "result": None,
        "user_id": None,
    }
    assert done.json == scheduled | {"status": "DONE", "result": done.json["result"]}
    address, _, token = done.json["result"]["url"].partition("?token=")
    assert (address, len(token) > 20) == (f"http://testserver/v1/exports/{export.public_id}", True)
    assert (export.actor_kind, export.actor_label, export.kind, export.lossless) == ("api_key", "Shop", "codes", True)
    entry = AuditEntry.objects.get(action="export.ordered")
    assert (entry.actor_kind, entry.object_id, entry.details) == ("api_key", export.public_id, {"kind": "codes"})


def test_to_a_browser_it_is_a_csv_file_and_to_the_sdk_plain_text():
    VoucherFactory(code="ROAST-99C9-TNEZ")
    caller = Api()
    done = finished(caller, fields=["code"])

    to_browser = taken(done["result"]["url"])
    to_sdk = taken(done["result"]["url"], **SDK)
    with_key = Client().get(f"/v1/exports/{done['id']}", headers={**caller.headers, **SDK})

    assert to_browser.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert to_browser.headers["Content-Disposition"].startswith('attachment; filename="codes-')
    assert to_sdk.headers["Content-Type"] == with_key.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert to_browser.body == to_sdk.body == b"".join(with_key.streaming_content).decode() == "Code\r\n••••••EZ\r\n"
    assert to_browser.headers["Content-Length"] == str(len(to_browser.body.encode()))
    assert to_browser.headers["Cache-Control"] == "no-store"
    downloads = AuditEntry.objects.filter(action="export.downloaded")
    assert set(downloads.values_list("actor_kind", "actor_id")) == {("api_key", caller.key.pk)}
    assert Export.objects.get().downloads == 3


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json, text/plain, */*", "*/*", "text/html,*/*;q=0.8", ""]
)
def test_who_does_not_ask_for_text_alone_gets_json(accept):
    caller = Api()
    done = finished(caller)

    response = Client().get(f"/v1/exports/{done['id']}", headers={**caller.headers, "Accept": accept})

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.json()["status"] == "DONE"


def test_a_token_is_good_for_its_export_and_its_key_and_a_day(monkeypatch):
    caller = Api()
    one, other = finished(caller)["result"]["url"], finished(caller)["result"]["url"]
    mixed = one.partition("?")[0] + "?" + other.partition("?")[2]

    refused = [taken(url) for url in (mixed, one[:-1], one.partition("?")[0] + "?token=x", f"{one}%00")]
    missing = taken(one.replace("/export_", "/export_x"))
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + VALID.total_seconds() + 60)
    now = datetime.now(UTC).timestamp()
    too_old = taken(one)
    monkeypatch.undo()
    revoke_api_key(caller.key, by=STAFF)
    revoked = taken(one)

    assert [answer.error[:2] for answer in refused[:3]] == [(401, "unauthorized")] * 3
    assert refused[3].error[:2] == (400, "invalid_query_params")
    assert missing.error[:2] == too_old.error[:2] == revoked.error[:2] == (401, "unauthorized")
    assert "Get the export again for a new one." in too_old.error[3]


def test_without_key_or_token():
    done = finished(Api())

    assert taken(done["result"]["url"].partition("?")[0]).error[:2] == (401, "unauthorized")


def test_a_file_that_is_not_there():
    caller = Api()
    waiting = ordered(caller)
    failed = Export.objects.create(kind="codes", status="failed", error="No room.", parameters=waiting["parameters"])

    texts = [
        Answer(Client().get(f"/v1/exports/{id_}", headers={**caller.headers, **SDK}))
        for id_ in (waiting["id"], failed.public_id)
    ]

    assert texts[0].error == (404, "not_found", "Resource not found", "The file is not ready yet.")
    assert texts[1].error[3] == "The file was not created. Retry the export first."
    assert caller.get(f"exports/{failed.public_id}").json["status"] == "ERROR"


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "exported_object: is required"),
        (
            {"exported_object": "order"},
            "exported_object: must be one of voucher, publication, customer, redemption, voucher_transactions",
        ),
        ({"exported_object": "voucher", "parameters": []}, "parameters: must be an object"),
        ({"exported_object": "voucher", "parameters": {"fields": "code"}}, "parameters.fields: must be an array"),
        ({"exported_object": "voucher", "parameters": {"fields": [1]}}, "parameters.fields.0: must be a string"),
        (
            {"exported_object": "customer", "parameters": {"order": "-phone"}},
            "parameters.order: must be one of created_at, updated_at, id, name, email, source_id, "
            "-created_at, -updated_at, -id, -name, -email, -source_id",
        ),
        (
            {"exported_object": "customer", "parameters": {"filters": {"shoe_size": {"conditions": {"$is": [7]}}}}},
            "parameters.filters.shoe_size: can be email, name, phone, city, source_id, created_at, updated_at",
        ),
        (
            {"exported_object": "customer", "parameters": {"filters": {"email": {"conditions": {"$count": [7]}}}}},
            "parameters.filters.email.conditions.$count: the operators of this field are $is, $is_not, $in, $not_in, "
            "$has_value, $is_unknown, $contains, $not_contain, $starts_with, $ends_with",
        ),
        (
            {"exported_object": "customer", "parameters": {"filters": {"email": "ada@example.com"}}},
            'parameters.filters.email: must be an object such as {"conditions": {"$is": ["…"]}}',
        ),
        (
            {"exported_object": "customer", "parameters": {"filters": {"email": {"conditions": {"$is": []}}}}},
            "parameters.filters.email.conditions.$is: needs a value",
        ),
        (
            {"exported_object": "customer", "parameters": {"filters": {"created_at": {"conditions": {"$after": "x"}}}}},
            "parameters.filters.created_at.conditions.$after: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; "
            "this is 'x'",
        ),
        (
            {
                "exported_object": "customer",
                "parameters": {"filters": {"email": {"conditions": {"$in": ["x"] * 1001}}}},
            },
            "parameters.filters.email: all conditions together can have at most 1,000 values",
        ),
        (
            {"exported_object": "customer", "parameters": {"filters": {"junction": "xor"}}},
            "parameters.filters.junction: must be and or or; this is 'xor'",
        ),
    ],
)
def test_what_is_wrong_is_named(body, details):
    answer = Api().post("exports", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Export.objects.exists()


def test_unpublished_codes_in_clear_where_the_project_says_so(project):
    published(VoucherFactory(code="PUBLISHED"))
    VoucherFactory(code="UNPUBLISHED")
    project(reveal_unpublished_codes=True)
    caller, reader = Api(), Api("read")

    done = finished(caller, fields=["code"], order="code")

    project(reveal_unpublished_codes=False)
    assert taken(done["result"]["url"]).body == "Code\r\nPUBLISHED\r\nUNPUBLISHED\r\n"
    assert AuditEntry.objects.get(action="export.ordered").details == {"kind": "codes", "unpublished_codes": "revealed"}
    assert reader.get("exports").json["total"] == 0
    assert reader.get(f"exports/{done['id']}").error[:2] == (404, "not_found")
    assert sorted(table(caller, fields=["code"], order="code")[1:]) == [["PUBLISHED"], ["••••••ED"]]
    assert reader.get("exports").json["total"] == 1


def test_codes_in_clear_are_not_for_exporters(project, signed_in):
    VoucherFactory(code="UNPUBLISHED")
    project(reveal_unpublished_codes=True)
    finished(Api(), fields=["code"])
    export = Export.objects.get()

    for role, status in [("Exporter", 403), ("Manager", 200)]:
        browser = signed_in(role)
        page = browser.get(f"/exports/{export.public_id}/")
        assert browser.post(f"/exports/{export.public_id}/download", follow=True).status_code == status
        assert ("Download file" in page.content.decode()) == (status == 200)
        assert "In plain text, as the project settings allowed" in page.content.decode()
    assert signed_in("Exporter").get("/exports/").status_code == 200


def test_the_dashboard_tells_what_was_chosen(signed_in):
    ordered(
        Api(), "publication", fields=["voucher_code"], filters={"channel": {"conditions": {"$in": ["API", "kiosk"]}}}
    )
    export = Export.objects.get()

    page = signed_in("Viewer").get(f"/exports/{export.public_id}/").content.decode()

    for words in ("Fields: <strong>voucher_code</strong>", "channel: <strong>$in API, kiosk</strong>", "Shop"):
        assert words in page


def test_the_dashboard_masks_the_codes_that_were_chosen(signed_in):
    ordered(Api(), fields=["id"], filters={"code": {"conditions": {"$in": ["SECRET-CODE"]}}})

    page = signed_in("Manager").get(f"/exports/{Export.objects.get().public_id}/").content.decode()

    assert "code: <strong>$in ••••••DE</strong>" in page
    assert "SECRET" not in page


def test_the_list_holds_what_the_api_ordered():
    caller = Api()
    first, second = ordered(caller, "customer"), ordered(caller)
    order_report("codes", by=STAFF)

    listed = caller.get("exports").json
    oldest = Api("read").get("exports?limit=1&order=created_at").json
    by_status = caller.get("exports?order=-status").json

    assert (listed["object"], listed["data_ref"], listed["total"], listed["has_more"]) == ("list", "exports", 2, False)
    assert listed["exports"] == [second, first]
    assert (oldest["exports"], oldest["has_more"]) == ([first], True)
    assert [row["id"] for row in by_status["exports"]] == [second["id"], first["id"]]
    assert caller.get("exports?order=x").error[3] == "order: must be one of -created_at, created_at, status, -status"
    report = Export.objects.get(parameters__isnull=True)
    assert caller.get(f"exports/{report.public_id}").error[:2] == (404, "not_found")
    assert caller.delete(f"exports/{report.public_id}").error[:2] == (404, "not_found")


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_num_queries, rows):
    caller = Api()
    for _ in range(rows):
        ordered(caller)
    Export.objects.update(status="done")

    # the key, the total, the page
    with django_assert_num_queries(3):
        assert len(caller.get("exports?limit=100").json["exports"]) == rows


def test_deleted_with_its_file_and_the_log_stays():
    caller = Api()
    done = finished(caller)
    file = Export.objects.get().file

    answer = caller.delete(f"exports/{done['id']}")

    assert (answer.status, answer.content) == (204, b"")
    assert not file.storage.exists(file.name)
    assert caller.get(f"exports/{done['id']}").error[:2] == (404, "not_found")
    assert caller.delete(f"exports/{done['id']}").error == (
        404, "not_found", "Resource not found", f"Cannot find export with id {done['id']}",
    )  # fmt: skip
    assert taken(done["result"]["url"]).error[:2] == (401, "unauthorized")
    entries = AuditEntry.objects.filter(object_id=done["id"]).order_by("pk").values_list("action", "actor_kind")
    assert list(entries) == [("export.ordered", "api_key"), ("export.deleted", "api_key")]


def test_deleted_before_its_file_is_made():
    caller = Api()
    waiting, key = ordered(caller), Export.objects.get().pk
    caller.delete(f"exports/{waiting['id']}")

    make_export_file(key)

    assert not Export.objects.exists()


def test_when_its_days_are_over_the_file_goes_and_so_do_the_filters():
    caller = Api()
    done = finished(caller, "customer", filters={"email": {"conditions": {"$is": ["ada@example.com"]}}})
    Export.objects.update(finished_at=datetime(2026, 1, 1, tzinfo=UTC))

    delete_old_files()
    after = caller.get(f"exports/{done['id']}").json

    assert (after["status"], after["result"], after["parameters"]["filters"]) == ("DONE", None, {})
    text = Answer(Client().get(f"/v1/exports/{done['id']}", headers={**caller.headers, **SDK}))
    assert text.error[3].startswith("The file has been deleted")


def test_customers_are_of_no_campaign():
    campaign = CampaignFactory()

    answer = Api().post("exports", {"exported_object": "customer", "parameters": {"campaign_id": campaign.public_id}})

    assert answer.error[3] == "parameters.campaign_id: is only for vouchers and publications; leave it out"
