"""Headings in the languages that people write them in."""

import pytest

from campaigns.codes import columns as codes
from config.imports.csv.columns import guess_mapping, plain
from customers import columns as customers
from customers.models import Customer
from publications import columns as publications
from tests.support.imports import counts, imported_customers

CODES = ["code", "start_date", "expiration_date", "discount_value"]
PEOPLE = ["source_id", "first_name", "last_name", "email", "address.postal_code", "address.city"]


@pytest.mark.parametrize(
    "headings",
    [
        "Gutscheincode;Gültig ab;Gültig bis;Betrag",
        "Code promo;Date de début;Date d'expiration;Montant",
        "Código;Válido desde;Válido hasta;Importe",
        "Codice sconto;Valido dal;Valido fino al;Importo",
        "Kod rabatowy;Ważny od;Ważny do;Kwota",
        "Kortingscode;Geldig vanaf;Geldig tot;Bedrag",
    ],
)
def test_columns_of_codes(headings):
    mapping = guess_mapping(headings.split(";"), codes.FIELDS, ignored=codes.IGNORED)

    assert list(mapping.values()) == CODES


@pytest.mark.parametrize(
    "headings",
    [
        "Kundennummer;Vorname;Nachname;E-Mail-Adresse;PLZ;Ort",
        "Numéro client;Prénom;Nom de famille;Adresse e-mail;Code postal;Ville",
        "Numer klienta;Imię;Nazwisko;Adres e-mail;Kod pocztowy;Miasto",
        "Klantnummer;Voornaam;Achternaam;E-mailadres;Postcode;Woonplaats",
    ],
)
def test_columns_of_customers(headings):
    mapping = guess_mapping(headings.split(";"), customers.FIELDS, ignored=customers.IGNORED)

    assert list(mapping.values()) == PEOPLE


@pytest.mark.parametrize("fields", [codes.FIELDS, customers.FIELDS, publications.FIELDS])
def test_no_heading_means_two_columns(fields):
    names = [plain(name) for field in fields for name in {plain(n) for n in (field.name, field.label, *field.headings)}]

    assert sorted(names) == sorted(set(names))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headings", "row", "name"),
    [
        ("Vorname;Name", "Ada;Lovelace", "Ada Lovelace"),
        ("Prénom;Nom", "Ada;Lovelace", "Ada Lovelace"),
        ("Nombre;Apellidos", "Ada;Lovelace Byron", "Ada Lovelace Byron"),
        ("Nome;Cognome", "Ada;Lovelace", "Ada Lovelace"),
        ("Name;First name;Last name", "Ada Lovelace;Ada;Lovelace", "Ada Lovelace"),
        ("Name;First name;Last name", ";Ada;Lovelace", "Ada Lovelace"),
    ],
)
def test_first_and_last_names_are_joined_and_neither_is_lost(headings, row, name):
    done = imported_customers(f"{headings};E-Mail\n{row};ada@example.com\n")

    assert counts(done) == (1, 1, 0, 0)
    assert Customer.objects.get().name == name
