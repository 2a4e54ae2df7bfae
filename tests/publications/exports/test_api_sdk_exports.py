"""The official Python SDK, unmodified: exports ordered, watched, downloaded and deleted."""

import json
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
import voucherify
from voucherify.exceptions import ApiException
from voucherify.models import ExportsCreateRequestBody, ParameterOrderListExports

from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from tests.config.api.clients.test_api_sdk import sdk  # noqa: F401 - a fixture
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exports(sdk):  # noqa: F811
    return voucherify.ExportsApi(sdk)


def ordered(exports, exported_object, **parameters):
    body = {"exported_object": exported_object, "parameters": parameters}
    return exports.create_export(ExportsCreateRequestBody.from_dict(body))


def refused(call) -> tuple[int, str, str]:
    with pytest.raises(ApiException) as problem:
        call()
    body = json.loads(problem.value.body)
    return problem.value.status, body["key"], body["details"]


def test_from_the_order_to_the_file(exports):
    first = VoucherFactory(campaign=CampaignFactory(name="Łódź"), code="PUBLISHED-1")
    published(first, CustomerFactory(source_id="c-1"))
    VoucherFactory(code="UNPUBLISHED-1")

    made = ordered(exports, "voucher", fields=["id", "code", "voucher_type", "value", "campaign"], order="created_at")
    waiting = exports.get_export(made.id)
    make_export_file(Export.objects.get().pk)
    done = exports.get_export(made.id)
    token = parse_qs(urlsplit(done.result.url).query)["token"][0]
    with_token, with_key = exports.download_export(made.id, token=token), exports.download_export(made.id)
    with urlopen(done.result.url) as response:  # as a browser: neither key nor SDK
        plain, kind = response.read().decode(), response.headers["Content-Type"]

    assert (made.status, made.channel, made.exported_object, made.result) == ("SCHEDULED", "API", "voucher", None)
    assert (waiting.status, waiting.result, done.status) == ("SCHEDULED", None, "DONE")
    assert (done.parameters.fields, done.parameters.order) == (made.parameters.fields, "created_at")
    assert with_token.splitlines() == [
        "ID,Code,Voucher Type,Value,Campaign",
        f"{first.public_id},PUBLISHED-1,DISCOUNT_VOUCHER,10,Łódź",
        with_token.splitlines()[2],
    ]
    assert "••••••-1" in with_token.splitlines()[2]
    assert with_key == with_token == plain
    assert kind == "text/csv; charset=utf-8"


def test_customers_and_publications(exports):
    customer = CustomerFactory(source_id="c-1", name="Ada", email="ada@example.com")
    published(VoucherFactory(code="BEAN"), customer, channel="kiosk")

    of_customers = ordered(
        exports, "customer", fields=["name", "id"], filters={"email": {"conditions": {"$is": ["ada@example.com"]}}}
    )
    of_publications = ordered(
        exports, "publication", filters={"junction": "and", "channel": {"conditions": {"$in": ["kiosk"]}}}
    )
    for export in Export.objects.all():
        make_export_file(export.pk)

    assert exports.download_export(of_customers.id) == f"Name,ID\r\nAda,{customer.public_id}\r\n"
    head, row = exports.download_export(of_publications.id).splitlines()
    assert head == "Voucher Code,Customer ID,Date,Channel"
    assert (row.split(",")[:2], row.split(",")[3]) == (["BEAN", customer.public_id], "kiosk")


def test_listed_and_deleted(exports):
    first, second = ordered(exports, "customer"), ordered(exports, "voucher")

    newest = exports.list_exports(limit=1)
    oldest = exports.list_exports(page=1, order=ParameterOrderListExports.CREATED_AT)
    gone = exports.delete_export(first.id)

    assert (newest.total, [export.id for export in newest.exports]) == (2, [second.id])
    assert [export.id for export in oldest.exports] == [first.id, second.id]
    assert (gone, [export.id for export in exports.list_exports().exports]) == (None, [second.id])
    assert refused(lambda: exports.get_export(first.id)) == (
        404, "not_found", f"Cannot find export with id {first.id}",
    )  # fmt: skip


def test_refusals(exports):
    made = ordered(exports, "publication")

    unknown_field = refused(lambda: ordered(exports, "publication", fields=["voucher_code", "phone"]))
    no_token = refused(lambda: exports.download_export(made.id, token="x"))

    assert unknown_field == (
        400,
        "invalid_export_fields",
        "Unsupported field used. Allowed fields: voucher_code, customer_id, customer_source_id, date, channel, campaign, "
        "is_winner, metadata",
    )
    assert no_token[:2] == (401, "unauthorized")
    assert refused(lambda: exports.download_export(made.id)) == (404, "not_found", "The file is not ready yet.")
