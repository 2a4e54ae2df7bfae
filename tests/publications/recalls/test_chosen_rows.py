"""Rows that are ticked in the lists of codes, customers and publications, or all that a filter finds: recalled, sent to, exported."""

import pytest
from django.urls import reverse

from customers.models import Customer
from publications.actions.release import release
from publications.distributions.models import Distribution, ListedCode, ListedRecipient
from publications.distributions.queries.dry_run import dry_run
from publications.exports.actions.order_export import order_export
from publications.exports.models import PLAIN_CSV, Export
from publications.exports.report import rows_of
from publications.recalls.models import Recall
from tests.publications.recalls.test_recall_pages import NEW, chosen, page
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db
SEND, EXPORT = "/chosen/send", "/chosen/export"


@pytest.fixture
def manager(signed_in):
    return signed_in("Manager")


@pytest.fixture
def held():
    """Publications of two campaigns' codes to three customers: Ada has one of each, Ben and Cleo one."""
    roast, beans = CampaignFactory(name="Roast", codes=3), CampaignFactory(name="Beans", codes=1)
    ada, ben, cleo = (
        CustomerFactory(name=name, email=f"{name}@example.com".lower()) for name in ("Ada", "Ben", "Cleo")
    )
    wanted = [(roast, ada), (beans, ada), (roast, ben), (roast, cleo)]
    return [published(campaign.vouchers.filter(published_at=None)[0], customer) for campaign, customer in wanted]


def keys(publications) -> set[int]:
    return {voucher.pk for publication in publications for voucher in publication.vouchers}


def listed(draft: Distribution) -> set[int]:
    return set(ListedCode.objects.filter(distribution=draft).values_list("voucher", flat=True))


def test_the_codes_of_ticked_customers_are_recalled_settled_ones_too(manager, held):
    hand_out = handed_out(CampaignFactory(codes=1)).publication
    (row,) = hand_out.ledger.all()
    ada, ben = held[0].customer, held[2].customer
    settled(hand_out, f"Code,Customer source ID\n{row.voucher.code},{ben.source_id}\n")
    assert f'name="chosen" value="{ada.public_id}" form="selection"' in page(manager.get("/customers/"))

    draft = page(
        manager.post(NEW, {"of": "customers", "chosen": [ada.public_id, ben.public_id], "act": "disable"}, follow=True)
    )

    assert "Held by chosen customers" in draft and "Disable 4 codes" in draft
    assert chosen() == keys(held[:3]) | {row.voucher_id}


def test_the_codes_of_all_customers_that_a_search_finds(manager, held):
    manager.post(NEW, {"of": "customers", "all": "1", "filters": "q=cleo", "act": "retire"})
    assert chosen() == keys(held[3:])


def test_who_holds_nothing_is_said(manager):
    sent = {"of": "customers", "chosen": CustomerFactory().public_id, "back": "/customers/"}
    assert "No code is held by the customers that were chosen." in page(manager.post(NEW, sent, follow=True))
    assert "No customers were chosen." in page(manager.post(NEW, {"of": "customers"}, follow=True))
    assert not Recall.objects.exists()


def test_the_codes_that_ticked_publications_still_hold(manager, held):
    assert f'name="chosen" value="{held[0].public_id}" form="selection"' in page(manager.get("/publications/"))
    release(held[1].vouchers[0], by=STAFF, reason="A mistake")

    manager.post(NEW, {"of": "publications", "chosen": [held[0].public_id, held[1].public_id]})

    assert Recall.objects.get().source == "publications"
    assert chosen() == keys(held[:1])


def test_all_publications_that_the_list_of_a_campaign_or_customer_shows(manager, held):
    roast, ada = held[0].campaign, held[0].customer
    of_customer = page(manager.get(reverse("dashboard:customer-publications", args=[ada.pk])))
    assert f'name="customer" value="{ada.public_id}"' in of_customer

    for narrowed, expected in (
        ({"campaign": roast.public_id, "filters": "q=ben"}, held[2:3]),
        ({"customer": ada.public_id, "filters": ""}, held[:2]),
    ):
        manager.post(NEW, {"of": "publications", "all": "1", **narrowed})
        assert chosen() == keys(expected)
        Recall.objects.all().delete()
    refused = manager.post(NEW, {"of": "publications", "all": "1", "campaign": "camp_gone"}, follow=True)
    assert "no longer exists" in page(refused) and not Recall.objects.exists()


def test_all_codes_of_one_customer(manager, held):
    ada = held[0].customer
    url = reverse("dashboard:customer", args=[ada.pk])
    assert f'name="key" value="{ada.public_id}"' in page(manager.get(url))

    draft = page(manager.post(NEW, {"source": "customer", "key": ada.public_id}, follow=True))

    assert f'All of a <a href="{url}">customer</a>' in draft
    assert chosen() == keys(held[:2])


def test_a_message_is_drafted_for_ticked_customers(signed_in, held):
    ada, nameless = held[0].customer, CustomerFactory(email="", source_id=None, name="", phone="+44 1")
    sent = {"of": "customers", "chosen": [ada.public_id, nameless.public_id, "cust_nonsense"]}

    answer = signed_in("Operator").post(SEND, sent, follow=True)

    draft = Distribution.objects.get()
    assert "Nothing has been sent yet" in page(answer)
    assert (draft.status, draft.audience) == ("draft", "list")
    assert set(ListedRecipient.objects.values_list("customer", flat=True)) == {ada.pk, nameless.pk}
    counted = dry_run(draft)
    assert (counted.recipients, counted.audience) == (1, 2)  # who has no address is left out, and counted


def test_nobody_is_no_audience(manager):
    answer = page(manager.post(SEND, {"of": "customers", "back": "/customers/"}, follow=True))
    assert "No customers were chosen" in answer
    answer = page(manager.post(SEND, {"of": "codes", "chosen": VoucherFactory().public_id}, follow=True))
    assert "nobody to send to" in answer
    assert not Distribution.objects.exists()


def test_each_campaign_of_chosen_publications_has_a_draft_of_its_own(manager, held):
    manager.post(SEND, {"of": "publications", "chosen": [one.public_id for one in held[:3]]})

    roast, beans = Distribution.objects.order_by("campaign__created_at", "campaign")
    assert (listed(roast), listed(beans)) == (keys([held[0], held[2]]), keys([held[1]]))
    assert all(draft.remind and draft.status == "draft" for draft in (roast, beans))
    assert dry_run(roast).recipients == 2


def test_an_operator_sends_the_codes_that_a_filter_finds_to_their_holders(signed_in, held):
    operator = signed_in("Operator")
    shown = page(operator.get("/codes/"))
    assert SEND in shown and 'value="disable"' not in shown and EXPORT not in shown

    operator.post(SEND, {"of": "codes", "all": "1", "filters": "", "campaign": held[0].campaign.public_id})

    assert listed(Distribution.objects.get()) == keys([held[0], held[2], held[3]])


@pytest.mark.parametrize(
    ("of", "kind"), [("codes", "codes"), ("customers", "customers"), ("publications", "publications")]
)
def test_a_report_of_the_ticked_rows_alone(signed_in, held, of, kind):
    chosen_one = {"codes": held[2].vouchers[0], "customers": held[2].customer, "publications": held[2]}[of]
    form = signed_in("Exporter").post(EXPORT, {"of": of, "chosen": chosen_one.public_id}, follow=True)
    assert "1 in the list" in page(form)
    filters = form.context["form"]["filters"].value()

    ordered = order_export(kind, campaign=None, by=STAFF, layout=PLAIN_CSV, filters=filters)

    assert [row.pk for row in rows_of(ordered).queryset] == [chosen_one.pk]


def test_a_choice_of_nothing_is_never_a_report_of_everything(signed_in, held):
    assert "Nothing was chosen" in page(signed_in("Manager").post(EXPORT, {"of": "customers"}, follow=True))
    for ids in ("nonsense", "cust_nonsense,"):
        ordered = order_export("customers", campaign=None, by=STAFF, layout=PLAIN_CSV, filters=f"chosen={ids}")
        assert not rows_of(ordered).queryset.exists()


def test_a_report_of_all_that_the_list_shows(signed_in, held):
    answer = signed_in("Exporter").post(EXPORT, {"of": "customers", "all": "1", "filters": "q=ben"}, follow=True)
    filters = answer.context["form"]["filters"].value()

    ordered = Export(kind="customers", filters=filters)

    assert [row.name for row in rows_of(ordered).queryset] == ["Ben"]
    assert Customer.objects.count() == 3


@pytest.mark.parametrize("address", ["/codes/", "/customers/", "/publications/"])
def test_a_viewer_ticks_nothing(signed_in, held, address):
    assert 'name="chosen"' not in page(signed_in("Viewer").get(address))
