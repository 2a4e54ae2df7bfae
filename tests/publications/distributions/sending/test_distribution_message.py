"""A message is made from one template of staff: text, HTML and subject; what is put in is harmless in each."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from customers.models import Customer
from publications.distributions.compose import UnknownVariable, check_template, compose
from publications.distributions.models import Distribution

PROJECT = ProjectSettings(name="Northbeam", currency="EUR", time_zone="Asia/Tokyo")
CAMPAIGN = Campaign(
    name="Spring", discount_type="PERCENT", discount_value=Decimal(20),
    expiration_date=datetime(2026, 12, 31, 20, tzinfo=UTC),
)  # fmt: skip
ADA = Customer(name="Ada Lovelace", email="ada@example.com", source_id="s1", metadata={"city": "London", "n": 3})
STOP = "https://handout.example.com/unsubscribe/1:x"


def message(body, *, subject="Hello", customer=ADA, codes=("AB-1",), campaign=CAMPAIGN):
    run = Distribution(subject=subject, body=body, campaign=campaign)
    return compose(run, customer, [Voucher(code=code) for code in codes], STOP, project=PROJECT)


def body_of(html):
    return html.partition('margin:0 auto">\n')[2].partition("\n</div>")[0]


def test_every_variable_has_its_value():
    made = message(
        "{{ customer.name }}|{{customer.first_name}}|{{ customer.email }}|{{ customer.source_id }}|"
        "{{ customer.metadata.city }}{{ customer.metadata.n }}{{ customer.metadata.none }}|{{ code }}|"
        "{{ campaign.name }}|{{ value }}|{{ expires }}|{{ project.name }}|{{ unsubscribe_url }}",
        subject="{{ code }} for {{ customer.first_name }}",
    )

    assert made.text == (
        "Ada Lovelace|Ada|ada@example.com|s1|London3|AB-1|Spring|20% off|1 January 2027|Northbeam|" + STOP
    )
    assert made.subject == "AB-1 for Ada"


def test_several_codes():
    made = message("{{ code }}\n\n{{ codes }}", codes=("A", "B"))

    assert made.text.startswith("A, B\n\nA\nB\n\n--\nUnsubscribe: https://")


def test_paragraphs_lines_codes_and_addresses_of_the_html():
    made = message(
        "Hi <you>,\nsee https://shop.example.com/?c={{ code }}&n={{ customer.name }}.\n\n{{ code }} {{ unsubscribe_url }}"
    )

    url = "https://shop.example.com/?c=AB-1&amp;n=Ada%20Lovelace"
    assert body_of(made.html) == (
        f'<p>Hi &lt;you&gt;,<br>\nsee <a href="{url}">{url}</a>.</p>\n'
        f'<p><strong style="font-family:monospace;font-size:1.15em">AB-1</strong> <a href="{STOP}">{STOP}</a></p>'
    )
    assert "see https://shop.example.com/?c=AB-1&n=Ada%20Lovelace.\n" in made.text


def test_what_a_customer_is_called_does_no_harm():
    mallory = Customer(name='<img src=x onerror="alert(1)">\r\nBcc: all@example.com {{ code }}', email="m@example.com")

    made = message("{{ customer.name }}", subject="For {{ customer.name }}", customer=mallory)

    assert "<img" not in made.html
    assert made.subject == 'For <img src=x onerror="alert(1)"> Bcc: all@example.com {{ code }}'
    assert "AB-1" not in made.text


@pytest.mark.parametrize(
    ("text", "with_code", "name", "line"),
    [
        ("a\n{{ cod }}", True, "cod", 2),
        ("{{ code }}", False, "code", 1),
        ("{{ customer }}", True, "customer", 1),
        ("{{ customer.metadata. }}", True, "customer.metadata.", 1),
        ("{{ settings.SECRET_KEY }}", True, "settings.SECRET_KEY", 1),
        ("{{ code", True, "{{ code", 1),
        ("code }} x", True, "}} x", 1),
    ],
)
def test_an_unknown_variable_is_refused_with_its_line(text, with_code, name, line):
    with pytest.raises(UnknownVariable) as refused:
        check_template(text, with_code=with_code)

    assert (refused.value.name, refused.value.line) == (name, line)
    assert str(refused.value).startswith(f"Line {line}: ")


def test_every_variable_that_there_is_is_accepted():
    check_template("{{code}} {{ codes }} {{ value }} {{ expires }} {{ campaign.name }} { } {% x %}", with_code=True)
    check_template("{{ customer.metadata.a b }} {{ project.name }} {{ unsubscribe_url }}", with_code=False)
