"""The way of a recall over the pages: choose codes, look at the dry run, start, read what became of them."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.imports.xlsx.read_workbook import read_sheet
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.models import PublishedVoucher
from publications.recalls.actions.carry_out import carry_out
from publications.recalls.models import Recall, RecallBatch
from tests.publications.recalls.recalling import REASON, recalled
from tests.support.distributions import running
from tests.support.factories import CampaignFactory, VoucherFactory, published
from tests.support.imports import imported_codes
from tests.support.settling import handed_out

pytestmark = pytest.mark.django_db
NEW = "/recalls/new"


@pytest.fixture
def manager(signed_in):
    return signed_in("Manager")


def page(answer) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def chosen() -> set[int]:
    return {key for batch in RecallBatch.objects.all() for key in batch.vouchers}


def counted_on(answer) -> str:
    return answer.context["counted_for"]


def test_ticked_codes_are_counted_started_once_and_listed(manager):
    held, off = published().vouchers[0], VoucherFactory(active=False)
    listed = page(manager.get("/codes/"))
    assert f'name="chosen" value="{held.public_id}" form="selection"' in listed

    draft = manager.post(NEW, {"chosen": [held.public_id, off.public_id], "act": "disable", "filters": ""}, follow=True)
    recall = Recall.objects.get()
    url = recall.get_absolute_url()
    shown = page(draft)
    form = {"act": "disable", "reason": REASON, "counted": counted_on(draft)}
    first, second = manager.post(url, form), manager.post(url, form)
    carry_out(recall.pk)
    result = page(manager.get(url))

    assert "<strong>1</strong> of 2" in shown and "Disabled before" in shown
    assert (first.status_code, second.status_code) == (302, 302)
    assert Recall.objects.get().status == "done"
    assert "1 code was left as it was" in result
    assert result.count('<tr role="row"') == 3
    assert page(manager.get(url, {"outcome": "disabled"})).count('<tr role="row"') == 2
    assert b"".join(manager.get(f"{url}file")).decode().splitlines()[1].startswith(f"{held.code},{held.public_id},")
    workbook = read_sheet(ContentFile(b"".join(manager.get(f"{url}file?format=xlsx")), name="recall.xlsx"))
    assert workbook.content.read().decode().splitlines()[1].startswith(f"{held.code},{held.public_id},")
    assert f'by a <a href="{url}">recall</a>: {REASON}' in page(manager.get(held.get_absolute_url()))


def test_what_was_not_counted_is_not_started(manager):
    voucher = VoucherFactory(expiration_date=timezone.now() + timedelta(days=1))
    answer = manager.post(NEW, {"chosen": voucher.public_id, "act": "retire"}, follow=True)
    url = Recall.objects.get().get_absolute_url()

    other_act = {"act": "extend", "expiration_date": "2099-01-01T00:00", "reason": REASON}
    unseen = manager.post(url, other_act | {"counted": counted_on(answer)})
    assert "Check them, then start" in page(unseen)
    assert Recall.objects.get().status == "draft"
    assert manager.post(url, other_act | {"counted": counted_on(unseen)}).status_code == 302
    assert Recall.objects.get().status == "queued"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"act": "disable"}, "Enter a reason."),
        ({"reason": REASON}, "Choose what to do with the codes."),
        ({"act": "extend", "reason": REASON}, "Choose the date until which the codes stay valid."),
        ({"act": "extend", "reason": REASON, "expiration_date": "2001-01-01T00:00"}, "Choose a date in the future."),
        ({"act": "revalue", "reason": REASON}, "Choose what the code is worth."),
        (
            {"act": "revalue", "reason": REASON, "discount_type": "PERCENT", "discount_value": "0"},
            "above 0 and up to 100.",
        ),
        ({"act": "replace", "reason": REASON, "new_from": "None such"}, "There is no such campaign."),
    ],
)
def test_what_is_missing_is_said(manager, form, says):
    manager.post(NEW, {"chosen": VoucherFactory().public_id})
    assert says in page(manager.post(Recall.objects.get().get_absolute_url(), form))
    assert Recall.objects.get().status == "draft"


def test_the_numbers_alone_are_answered_while_the_form_is_filled_in(manager):
    manager.post(NEW, {"chosen": published(VoucherFactory()).vouchers[0].public_id})
    url = Recall.objects.get().get_absolute_url()

    numbers = page(manager.get(url, {"act": "replace"}, headers={"HX-Request": "true", "HX-Target": "dry-run"}))

    assert "<h1" not in numbers and "Who gets no new code keeps the old one" in numbers
    assert Recall.objects.get().act == ""


def test_a_new_value_is_counted_started_and_shown(manager):
    voucher = VoucherFactory(discount_type="FIXED", discount_value=5)
    manager.post(NEW, {"chosen": voucher.public_id})
    url = Recall.objects.get().get_absolute_url()
    assert "Choose the kind of value" in page(manager.get(url, {"act": "revalue"}))
    for_nothing = {"act": "revalue", "discount_type": "FIXED", "discount_value": "0", "reason": REASON}

    counted = manager.get(url, for_nothing)
    assert "<strong>1</strong> of 1" in page(counted)
    manager.post(url, for_nothing | {"counted": counted_on(counted)})
    carry_out(Recall.objects.get().pk)

    assert "Change value to 0 (fixed price)" in page(manager.get(url))
    voucher.refresh_from_db()
    assert (voucher.discount_type, voucher.discount_value) == ("FIXED", 0)


def test_all_that_a_filter_finds_and_no_other(manager):
    off, _ = VoucherFactory(active=False), VoucherFactory()
    manager.post(NEW, {"all": "1", "filters": "status=disabled", "act": "enable"})
    assert chosen() == {off.pk}

    back = manager.post(NEW, {"all": "1", "filters": "status=nonsense", "back": "/codes/?status=nonsense"}, follow=True)
    assert "A filter was not understood" in page(back)
    assert Recall.objects.count() == 1


def test_all_of_a_campaign(manager):
    campaign, _ = CampaignFactory(codes=3), VoucherFactory()
    listed = page(manager.get(reverse("dashboard:campaign-codes", args=[campaign.pk])))
    assert f'name="campaign" value="{campaign.public_id}"' in listed

    manager.post(NEW, {"all": "1", "filters": "", "campaign": campaign.public_id})
    assert chosen() == set(campaign.vouchers.values_list("pk", flat=True))


def test_pasted_codes_are_all_known_or_none_is_taken(manager):
    vouchers = [VoucherFactory(), VoucherFactory()]
    text = "\n".join(voucher.code for voucher in vouchers)

    refused = page(manager.post(NEW, {"codes": f"{text}\nNOSUCH1"}))
    assert "they are not codes of this project: NOSUCH1" in refused
    manager.post(NEW, {"codes": text})
    assert chosen() == {voucher.pk for voucher in vouchers}


def test_nothing_ticked_is_said_on_the_list_and_never_leads_elsewhere(manager):
    assert "No codes were chosen" in page(manager.post(NEW, {"back": "/codes/"}, follow=True))
    assert manager.post(NEW, {"back": "https://example.org/"}).url == "/recalls/"


@pytest.mark.parametrize("rows", [1, 20])
def test_the_number_of_queries_does_not_grow_with_the_rows(manager, django_assert_num_queries, rows):
    held = [published(VoucherFactory(campaign=CampaignFactory(codes=1))).vouchers[0] for _ in range(rows)]
    recall = recalled("replace", held)
    Recall.objects.bulk_create(Recall(source="chosen", status="draft", total=1) for _ in range(rows - 1))
    manager.get("/recalls/")

    with django_assert_num_queries(9):
        assert page(manager.get(recall.get_absolute_url())).count("New code</a>") == rows
    with django_assert_num_queries(7):
        assert page(manager.get("/recalls/")).count('<tr role="row"') == rows + 1


def test_a_stopped_one_is_continued_and_a_draft_discarded(manager):
    recall = recalled("disable", [VoucherFactory()])
    Recall.objects.filter(pk=recall.pk).update(status="stopped")
    url = recall.get_absolute_url()
    assert "no code is dealt with twice" in page(manager.get(url))
    manager.post(f"{url}continue")
    assert Recall.objects.get().status == "queued"
    assert 'hx-trigger="every 1s"' in page(manager.get(url, headers={"HX-Request": "true", "HX-Target": "recall"}))
    manager.post(f"{url}stop")
    assert Recall.objects.get().status == "stopped"

    manager.post(NEW, {"chosen": Voucher.objects.get().public_id})
    draft = Recall.objects.get(status="draft")
    assert "Discarded. No code was changed." in page(manager.post(f"{draft.get_absolute_url()}discard", follow=True))


def test_all_of_a_hand_out_a_distribution_or_an_import(manager):
    hand_out = handed_out(CampaignFactory(codes=2)).publication
    run = running(2, campaign=CampaignFactory(codes=3))
    write_audience(run.pk)
    publish_batch(run.pk)
    done = imported_codes("Code\nIMPORTED-1\nIMPORTED-2\n", CampaignFactory())
    VoucherFactory()
    asked = {
        "hand_out": (hand_out, set(hand_out.ledger.values_list("voucher", flat=True))),
        "distribution": (
            run,
            set(PublishedVoucher.objects.filter(publication__actor_kind="run").values_list("voucher", flat=True)),
        ),
        "import": (done, set(Voucher.objects.filter(code__startswith="IMPORTED").values_list("pk", flat=True))),
    }

    for source, (thing, codes) in asked.items():
        RecallBatch.objects.all().delete()
        sent = {"source": source, "key": thing.public_id}
        assert f"All of a{'n' if source == 'import' else ''} <a href=" in page(manager.post(NEW, sent, follow=True))
        assert len(codes) == 2 and chosen() == codes
    pages = {
        hand_out.get_absolute_url(): "hand_out",
        hand_out.export.get_absolute_url(): "hand_out",
        run.get_absolute_url(): "distribution",
        reverse("campaigns:code-import", args=[done.pk]): "import",
    }
    for url, source in pages.items():
        assert f'name="source" value="{source}"' in page(manager.get(url))
    assert "No codes were chosen" in page(manager.post(NEW, {"source": "import", "key": "nonsense"}, follow=True))
