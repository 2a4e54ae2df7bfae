"""What codes take off an order, as a table: kinds, rounding, several in the order given, never below 0."""

from decimal import Decimal

import pytest

from publications.redemptions.price_order import Worth, amount_of, amounts_told, price_order


def percent(value):
    return Worth("PERCENT", Decimal(value))


def amount(hundredths):
    return Worth("AMOUNT", Decimal(hundredths) / 100)


def fixed(hundredths):
    return Worth("FIXED", Decimal(hundredths) / 100)


def units(number, unit="beans"):
    return Worth("UNIT", Decimal(number), unit)


def gift(hundredths):
    return Worth("GIFT", Decimal(hundredths) / 100)


BEANS = {"product_id": "beans", "quantity": 3, "price": 700}
CAKE = {"sku_id": "cake", "quantity": 1, "amount": 450}


@pytest.mark.parametrize(
    ("order", "worths", "taken"),
    [
        ({"amount": 5500}, [percent(10)], [550]),
        ({"amount": 5500}, [percent(100)], [5500]),
        ({"amount": 0}, [percent(10)], [0]),
        # Half up, to the hundredth: 0.5 is 1, 1.5 is 2, 2.5 is 3 (a bank would say 2), and just below a half is down.
        ({"amount": 5}, [percent(10)], [1]),
        ({"amount": 15}, [percent(10)], [2]),
        ({"amount": 25}, [percent(10)], [3]),
        ({"amount": 24}, [percent(10)], [2]),
        ({"amount": 999}, [percent("33.3333")], [333]),
        ({"amount": 1000}, [percent("12.35")], [124]),
        ({"amount": 2**63 - 1}, [percent(50)], [2**62]),
        ({"amount": 5500}, [amount(1500)], [1500]),
        ({"amount": 1000}, [amount(1500)], [1000]),
        ({"amount": 5500}, [fixed(2000)], [3500]),
        ({"amount": 5500}, [fixed(0)], [5500]),
        ({"amount": 1500}, [fixed(2000)], [0]),
        ({"amount": 5500}, [gift(2025)], [2025]),
        ({"amount": 1000}, [gift(2025)], [1000]),
        ({"amount": 5500}, [Worth(None)], [0]),
        # Units: as far as the order holds and prices them.
        ({"amount": 2550, "items": [BEANS, CAKE]}, [units(1)], [700]),
        ({"amount": 2550, "items": [BEANS, CAKE]}, [units(5)], [2100]),
        ({"amount": 2550, "items": [BEANS, CAKE]}, [units(1, "cake")], [450]),
        ({"amount": 2550, "items": [BEANS, CAKE]}, [units(1, "tea")], [0]),
        ({"amount": 2550}, [units(1)], [0]),
        ({"amount": 500, "items": [BEANS]}, [units(1)], [500]),
        ({"amount": 700, "items": [{"product_id": "beans", "quantity": 1}]}, [units(1)], [0]),
        ({"amount": 100, "items": [{"source_id": "beans", "quantity": 3, "amount": 100}]}, [units(2)], [67]),
        ({"amount": 700, "items": [{"product": {"source_id": "beans", "price": 700}}]}, [units(2)], [700]),
        ({"amount": 700, "items": [{"sku": {"id": "beans", "price": "7"}, "quantity": -1}]}, [units(2)], [0]),
        (
            {"amount": 9, "items": [{"source_id": "beans", "quantity": 2**63 - 1, "price": 2**63 - 1}]},
            [units(9**20)],
            [9],
        ),
        ({"amount": 700, "items": [{"product": {"id": 5, "name": "beans"}, "price": 300}]}, [units(1)], [300]),
        # Several: each of what the ones before left, in the order given.
        ({"amount": 10000}, [percent(10), amount(1000)], [1000, 1000]),
        ({"amount": 10000}, [amount(1000), percent(10)], [1000, 900]),
        ({"amount": 10000}, [percent(50), percent(50)], [5000, 2500]),
        ({"amount": 10000}, [fixed(3000), gift(5000)], [7000, 3000]),
        ({"amount": 10000}, [gift(10000), amount(1), percent(10)], [10000, 0, 0]),
        ({"amount": 3000, "items": [BEANS, CAKE]}, [units(2), units(2)], [1400, 700]),
    ],
)
def test_what_codes_take_off(order, worths, taken):
    priced = price_order(order, worths)

    assert [each.applied for each in priced] == taken
    assert [each.total for each in priced] == [sum(taken[: place + 1]) for place in range(len(taken))]
    assert all(0 <= each.total <= each.amount == order["amount"] for each in priced)


@pytest.mark.parametrize(
    ("order", "total"),
    [
        ({"amount": 100, "items": [BEANS]}, 100),
        ({"items": [BEANS, CAKE]}, 2550),
        ({"items": [{"price": 700}]}, 700),
        ({"items": [{"price": 700, "quantity": -2}]}, 0),
        ({"items": [BEANS, {"product_id": "tea"}]}, None),
        ({"items": [{"price": 2**63 - 1, "quantity": 2}]}, None),
        ({"items": []}, None),
        ({"source_id": "A-1"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_amount_of_an_order(order, total):
    assert amount_of(order) == total
    assert (price_order(order, [percent(10)]) is None) == (total is None)


def test_the_words_of_the_answer():
    _, second = price_order({"amount": 10000}, [percent(10), amount(500)])

    assert amounts_told({}, second) == {
        "amount": 10000,
        "initial_amount": 10000,
        "discount_amount": 1500,
        "total_discount_amount": 1500,
        "applied_discount_amount": 500,
        "total_applied_discount_amount": 500,
        "total_amount": 8500,
    }
    assert amounts_told({"initial_amount": 12000}, second)["initial_amount"] == 12000
