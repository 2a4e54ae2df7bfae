"""What the columns of a file of customers are called in German, French, Spanish, Italian, Polish and Dutch."""

from __future__ import annotations

OTHER_LANGUAGES: dict[str, tuple[str, ...]] = {
    "source_id": (
        *("kundennummer", "kunden-nr", "kunden-id", "numéro client", "numéro de client", "id client"),
        *("número de cliente", "id de cliente", "id cliente", "codice cliente", "numer klienta", "klantnummer"),
    ),
    # In some of them the last name where the first has a column of its own: customers/columns.py joins them.
    "name": (
        *("vollständiger name", "kundenname", "nom", "nom complet", "nombre", "nombre completo", "nome"),
        *("nome completo", "imię i nazwisko", "naam"),
    ),
    "first_name": ("vorname", "prénom", "imię", "voornaam"),
    "last_name": (
        "nachname",
        "familienname",
        "nom de famille",
        "apellido",
        "apellidos",
        "cognome",
        "nazwisko",
        "achternaam",
    ),
    "email": (
        *("e-mail-adresse", "mailadresse", "courriel", "adresse e-mail", "adresse électronique", "correo"),
        *("correo electrónico", "indirizzo e-mail", "posta elettronica", "adres e-mail", "e-mailadres"),
    ),
    "phone": (
        *("telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobiltelefon", "téléphone"),
        *("numéro de téléphone", "teléfono", "móvil", "telefono", "cellulare", "numer telefonu", "telefoonnummer"),
    ),
    "description": ("beschreibung", "bemerkung", "notiz", "remarque", "descripción", "descrizione", "opis"),
    "birthdate": (
        *("geburtsdatum", "geburtstag", "date de naissance", "fecha de nacimiento", "data di nascita"),
        *("data urodzenia", "geboortedatum"),
    ),
    "address.line_1": (
        *(
            "straße",
            "anschrift",
            "adresse",
            "rue",
            "dirección",
            "calle",
            "indirizzo",
            "via",
            "ulica",
            "adres",
            "straat",
        ),
    ),
    "address.city": ("ort", "stadt", "wohnort", "ville", "ciudad", "città", "miasto", "plaats", "woonplaats"),
    "address.postal_code": (
        *("plz", "postleitzahl", "code postal", "código postal", "cap", "codice postale", "kod pocztowy"),
    ),
    "address.state": ("bundesland", "région", "provincia", "estado", "województwo", "provincie"),
    "address.country": ("land", "pays", "país", "paese", "nazione", "kraj"),
    "accepts_email": (
        *("werbeeinwilligung", "einwilligung werbung", "werbung erlaubt", "newsletter abonniert", "consentement"),
        *("consentement marketing", "accepte les e-mails", "acepta marketing", "consentimiento"),
        *("consenso marketing", "zgoda marketingowa"),
    ),
}
