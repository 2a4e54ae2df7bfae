"""The pages of an import: upload, draft with preview and mapping, progress, result, error file."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.codes.actions.import_codes import TAKEN, import_codes
from campaigns.codes.models import CodeImport, Voucher
from config.imports.delete_old_imports import delete_old_imports
from config.staff.models import AuditEntry
from customers.models import CustomerImport
from publications.actions.run_publication_import import import_publications
from publications.models import PublicationImport
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory
from tests.support.imports import (
    EXAMPLES,
    SAMPLES,
    counts,
    imported_codes,
    imported_customers,
    imported_publications,
    queued_codes,
)

pytestmark = pytest.mark.django_db
CODES = "Code,Active,Region\nAUTUMN-7KQ2,TRUE,Europe\nAUTUMN-9XWD,FALSE,Asia\n"
PART = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "import"}


def upload(browser, content=CODES, url="/codes/import", name="codes.csv"):
    return browser.post(
        url, {"file": SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())}
    )


def choices(draft, **changed) -> dict:
    """What the draft's form sends."""
    columns = {f"column_{index}": field for index, field in draft.mapping.items()}
    return {"encoding": draft.encoding, "delimiter": draft.delimiter, "on_error": draft.on_error, **columns, **changed}


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("import-*.csv")))
def test_the_sample_files_import_with_two_clicks(signed_in, name):
    browser = signed_in("Manager")
    kind = {"referral": "REFERRAL_PROGRAM"}.get(name.split("-")[1], "DISCOUNT_COUPONS")
    if "customers" in name:
        url, model = "/customers/import", CustomerImport
    elif "generic" in name:
        url, model = "/codes/import", CodeImport
    else:
        url, model = f"/campaigns/{CampaignFactory(kind=kind).public_id}/import", CodeImport

    answer = upload(browser, (SAMPLES / name).read_bytes(), url, name)
    draft = model.objects.get()
    page = browser.get(answer.url)
    started = browser.post(answer.url, choices(draft, start=""))

    assert page.context["preview"].refused == 0
    assert page.context["errors"] == []
    assert started.status_code == 302
    draft.refresh_from_db()
    assert (draft.status, draft.original_name) == ("queued", name)
    job = ProcrastinateJob.objects.get()
    assert job.args == {"import_id": draft.pk}


def test_the_example_files_that_are_offered_import_as_they_are():
    of_campaign = imported_codes((EXAMPLES / "codes-for-a-campaign.csv").read_bytes(), CampaignFactory())
    standalone = imported_codes((EXAMPLES / "standalone-codes.csv").read_bytes())
    customers = imported_customers((EXAMPLES / "customers.csv").read_bytes())
    publications = imported_publications((EXAMPLES / "publications.csv").read_bytes())

    assert [counts(each) for each in (of_campaign, standalone, customers, publications)] == [(2, 2, 0, 0)] * 4


def test_an_upload_is_kept_for_the_owner_of_the_server_alone(signed_in):
    upload(signed_in("Manager"))

    draft = CodeImport.objects.get()
    path = Path(draft.file.path)
    assert path.read_text() == CODES
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (draft.status, draft.mapping) == ("draft", {"0": "code", "1": "active", "2": "metadata.Region"})
    assert draft.actor_kind == "user"


def test_the_draft_shows_the_first_ten_rows_and_codes_only_to_who_uploaded_them(signed_in):
    browser = signed_in("Manager")
    answer = upload(browser, "Code,Active\n" + "".join(f"AUTUMN-{n:04},TRUE\n" for n in range(12)))

    page = browser.get(answer.url)

    assert [row.number for row in page.context["preview"].rows] == list(range(2, 12))
    others = signed_in("Manager").get(answer.url).content.decode()
    assert "AUTUMN-0009" in page.content.decode()
    assert "••••••09" in others
    assert "AUTUMN-00" not in others


def test_the_draft_tells_of_codes_that_are_here_already_or_stand_twice(signed_in):
    browser = signed_in("Manager")
    VoucherFactory(code="HERE")
    content = "Code,Active\nHERE,TRUE\nA,TRUE\nA,TRUE\nHERE,maybe\nB,TRUE\n"
    answer = upload(browser, content, f"/campaigns/{CampaignFactory().public_id}/import")

    page = browser.get(answer.url)

    maybe = "Active: “maybe” is not TRUE or FALSE. "
    assert [row.problem for row in page.context["preview"].rows] == [
        TAKEN,
        "",
        "Code: is the same as in row 3. Codes must be unique. Remove one of the two.",
        maybe + TAKEN,
        "",
    ]
    assert "3 of 5 would be rejected" in page.content.decode()
    assert (Voucher.objects.count(), CodeImport.objects.get().status) == (1, "draft")


def test_the_draft_tells_of_customers_who_are_here_already_where_they_may_not_be_updated(signed_in):
    browser = signed_in("Manager")
    CustomerFactory(source_id="s1")
    answer = upload(browser, "Source_id,Name\ns1,Ann\ns2,Ben\n", "/customers/import")

    may = browser.get(answer.url)
    may_not = browser.post(answer.url, choices(CustomerImport.objects.get()))  # the switch is off: not sent

    belongs = "Source_id: already belongs to a customer. Choose to update customers, or remove the row."
    assert [row.problem for row in may.context["preview"].rows] == ["", ""]
    assert [row.problem for row in may_not.context["preview"].rows] == [belongs, ""]


def test_another_delimiter_is_shown_at_once_and_maps_anew(signed_in):
    browser = signed_in("Manager")
    answer = upload(browser, "Code,a|Region|x,y,z\nA,1|Europe|1,2,3\n")
    draft = CodeImport.objects.get()

    part = browser.post(answer.url, choices(draft, delimiter="|"), **PART)

    draft.refresh_from_db()
    assert b"<html" not in part.content
    assert "HX-Request" in part.headers["Vary"]
    assert (draft.delimiter, draft.mapping) == (
        "|",
        {"0": "metadata.Code,a", "1": "metadata.Region", "2": "metadata.x,y,z"},
    )


def test_publications_come_in_from_their_page(signed_in):
    browser = signed_in("Manager")
    VoucherFactory(code="AUTUMN-7KQ2")
    content = (
        b"Voucher Code,Customer Source ID,Date\nAUTUMN-7KQ2,shop-1,2022-09-20\nNONE,shop-2,2022-09-20\nAUTUMN-9,,\n"
    )

    assert 'href="/publications/import"' in browser.get("/publications/").content.decode()
    answer = upload(browser, content, "/publications/import")
    draft = PublicationImport.objects.get()
    page = browser.get(answer.url)
    browser.post(answer.url, choices(draft, start=""))
    job = ProcrastinateJob.objects.get()
    import_publications(draft.pk)
    result = browser.get(answer.url)

    assert (page.context["preview"].refused, page.context["warning"]) == (1, "")
    assert (job.task_name, job.args) == ("publications.run_publication_import", {"import_id": draft.pk})
    assert {tile["label"]: tile["value"] for tile in result.context["tiles"]} == {
        "Rows read": 3, "Imported": 1, "Skipped": 1, "Rejected": 1,
    }  # fmt: skip
    assert "Voucher Code: is not a known code." in result.content.decode()
    assert browser.get(f"{answer.url}/errors").status_code == 200


def test_without_scripts_the_same_button_answers_with_the_page(signed_in):
    browser = signed_in("Manager")
    answer = upload(browser, "Code,Región\nA,Málaga\n".encode("cp1252"))
    draft = CodeImport.objects.get()

    page = browser.post(answer.url, choices(draft, encoding="utf-8-sig", preview=""))

    draft.refresh_from_db()
    assert b"<html" in page.content
    assert draft.encoding == "utf-8-sig"
    assert "The headings in row 1 cannot be read." in page.content.decode()


def test_the_mapping_is_corrected_column_by_column(signed_in):
    browser = signed_in("Manager")
    answer = upload(browser, "Promo,Note\nAUTUMN-1,x\n", f"/campaigns/{CampaignFactory().public_id}/import")
    draft = CodeImport.objects.get()

    refused = browser.post(answer.url, choices(draft, start=""))
    accepted = browser.post(answer.url, choices(draft, column_0="code", column_1="", start=""))

    draft.refresh_from_db()
    assert "Choose the column that contains the code." in refused.content.decode()
    assert (accepted.status_code, draft.status, draft.mapping) == (302, "queued", {"0": "code"})


def test_two_columns_cannot_become_one_field(signed_in):
    browser = signed_in("Manager")
    answer = upload(browser)
    draft = CodeImport.objects.get()

    page = browser.post(answer.url, choices(draft, column_2="code", start=""))

    draft.refresh_from_db()
    assert "Two columns are imported as “Code”. Choose one of them." in page.content.decode()
    assert draft.status == "draft"


def test_what_the_selects_do_not_offer_is_not_taken(signed_in):
    browser = signed_in("Manager")
    answer = upload(browser)
    draft = CodeImport.objects.get()

    browser.post(answer.url, choices(draft, column_1="published_at", column_2="metadata.other"))

    draft.refresh_from_db()
    assert draft.mapping == {"0": "code"}


def test_customers_without_source_id_are_warned_of(signed_in):
    browser = signed_in("Operator")
    answer = upload(browser, "Name\nAnn\n", "/customers/import")

    page = browser.get(answer.url)

    assert page.context["warning"] == (
        "No column is imported as the source ID, so every row adds a customer, even one that already exists."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 workbook", "The spreadsheet is damaged."),
        (b"\xd0\xcf\x11\xe0 workbook", "This is a spreadsheet of an old kind (.xls), or an archive."),
        (b"", "The file is empty."),
        (b"Code\n", "The file has headings but no rows."),
        (b"Code,Code\nA,B\n", "Two columns have the heading “Code”. Give each column a unique heading."),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_and_not_kept(signed_in, content, message):
    answer = upload(signed_in("Manager"), content)

    assert message in answer.content.decode()
    assert not CodeImport.objects.exists()


@pytest.mark.parametrize("beyond_the_request", [0, 100_000])
def test_a_file_that_is_too_large_is_refused(signed_in, settings, beyond_the_request):
    settings.UPLOAD_MAX_BYTES = 20

    answer = upload(signed_in("Manager"), b"Code\nA\n" + b"B\n" * 50 + b"C\n" * beyond_the_request)

    assert answer.context["form"].errors == {
        "file": ["The file is larger than 20\xa0bytes. Split it into several files."]
    }
    assert not CodeImport.objects.exists()


def test_a_draft_can_be_thrown_away(signed_in):
    browser = signed_in("Manager")
    upload(browser)
    draft = CodeImport.objects.get()

    answer = browser.post(f"/codes/import/{draft.pk}/discard")

    assert answer.url == "/codes/import"
    assert not CodeImport.objects.exists()


def test_an_import_that_runs_cannot_be_thrown_away_or_started_twice(signed_in):
    browser = signed_in("Manager")
    queued = queued_codes(CODES, CampaignFactory())

    browser.post(f"/codes/import/{queued.pk}/discard")
    browser.post(f"/codes/import/{queued.pk}", choices(queued, start=""))

    queued.refresh_from_db()
    assert queued.status == "queued"
    assert not ProcrastinateJob.objects.exists()


def test_the_page_polls_until_the_import_has_ended(signed_in):
    browser = signed_in("Manager")
    queued = queued_codes(CODES, CampaignFactory())
    url = f"/codes/import/{queued.pk}"

    before = browser.get(url, **PART).content.decode()
    import_codes(queued.pk)
    after = browser.get(url, **PART).content.decode()

    assert f'hx-get="{url}" hx-trigger="every 1s"' in before
    assert "hx-get" not in after
    assert "All rows were accepted." in after


def test_the_result_lists_refused_rows_and_offers_the_error_file(signed_in):
    VoucherFactory(code="AUTUMN-7KQ2")
    done = imported_codes(CODES, CampaignFactory())
    browser = signed_in("Manager")

    page = browser.get(f"/codes/import/{done.pk}").content.decode()
    file = browser.get(f"/codes/import/{done.pk}/errors")

    assert "Code: already exists, in this or another campaign." in page
    assert "AUTUMN-7KQ2" not in page
    assert file.headers["Content-Disposition"] == 'attachment; filename="codes-errors.csv"'
    assert b"".join(file.streaming_content).decode("utf-8-sig").splitlines()[1].startswith("AUTUMN-7KQ2,TRUE,Europe,2,")


def test_after_nothing_was_imported_the_good_rows_still_can_be(signed_in):
    VoucherFactory(code="AUTUMN-7KQ2")
    failed = imported_codes(CODES, CampaignFactory(), on_error="all_or_nothing")
    browser = signed_in("Manager")

    page = browser.get(f"/codes/import/{failed.pk}").content.decode()
    browser.post(f"/codes/import/{failed.pk}/retry")
    import_codes(failed.pk)

    failed.refresh_from_db()
    assert "Import the valid rows" in page
    assert (failed.status, failed.rows_read, failed.rows_imported, failed.rows_refused) == ("done", 2, 1, 1)
    assert Voucher.objects.filter(code="AUTUMN-9XWD").exists()
    assert AuditEntry.objects.get(action="codes.imported").actor_label == browser.user.username


def test_recent_imports_are_found_again_where_they_belong(signed_in):
    campaign = CampaignFactory()
    imported_codes(CODES, campaign)
    imported_codes("Code,Discount Type,Value\nA,PERCENT,5\n")

    browser = signed_in("Manager")
    of_campaign = browser.get(f"/campaigns/{campaign.public_id}/import").context["recent"]
    standalone = browser.get("/codes/import").context["recent"]

    assert [each.campaign for each in of_campaign] == [campaign]
    assert [each.campaign for each in standalone] == [None]


@pytest.mark.parametrize("rows", [1, 50])
def test_the_upload_page_asks_the_same_few_questions(signed_in, django_assert_num_queries, rows):
    for _ in range(rows):
        CustomerImport.objects.create(original_name="c.csv", size=1, encoding="utf-8-sig", delimiter=",", status="done")
    browser = signed_in("Operator")
    browser.get("/customers/import")

    with django_assert_num_queries(6):
        browser.get("/customers/import")


def test_old_uploads_and_what_was_refused_are_deleted(project):
    project(keep_files_days=30)
    long_ago = timezone.now() - timedelta(days=31)
    old = imported_customers("Name,Email\nAnn,wrong\n")
    draft = CustomerImport.objects.create(
        original_name="c.csv", size=1, encoding="utf-8-sig", delimiter=",", status="draft", file=old.file.name
    )
    fresh = imported_customers("Name,Email\nBen,wrong\n")
    paths = [Path(old.file.path), Path(old.error_file.path)]
    CustomerImport.objects.filter(pk__in=[old.pk, draft.pk]).update(created_at=long_ago)
    CustomerImport.objects.filter(pk=old.pk).update(finished_at=long_ago)

    cleared = delete_old_imports(CustomerImport)

    old.refresh_from_db()
    assert cleared == 2
    assert [path.exists() for path in paths] == [False, False]
    assert (old.file.name, old.error_file.name, old.refused.count(), old.rows_refused) == ("", None, 0, 1)
    assert not CustomerImport.objects.filter(pk=draft.pk).exists()
    assert Path(fresh.file.path).exists()
    assert delete_old_imports(CustomerImport) == 0
