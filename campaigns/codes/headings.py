"""What the columns of a file of codes are called in German, French, Spanish, Italian, Polish and Dutch."""

from __future__ import annotations

OTHER_LANGUAGES: dict[str, tuple[str, ...]] = {
    "code": (
        *("gutscheincode", "gutschein", "gutscheinnummer", "gutschein-nr", "rabattcode", "aktionscode", "code promo"),
        *("code de réduction", "code cadeau", "numéro de bon", "código", "código promocional", "código de descuento"),
        *("cupón", "codice", "codice sconto", "codice promozionale", "codice buono", "kod", "kod rabatowy"),
        *("kod promocyjny", "kortingscode", "actiecode"),
    ),
    "active": ("aktiv", "actif", "activo", "attivo", "aktywny", "actief"),
    "start_date": (
        *("gültig ab", "gültig von", "startdatum", "valable à partir du", "valable du", "date de début"),
        *("válido desde", "fecha de inicio", "valido dal", "data inizio", "data di inizio", "ważny od"),
        *("data rozpoczęcia", "geldig vanaf", "begindatum"),
    ),
    "expiration_date": (
        *("gültig bis", "ablaufdatum", "verfallsdatum", "verfällt am", "läuft ab am", "enddatum", "valable jusqu’au"),
        *("date d’expiration", "date de fin", "expire le", "válido hasta", "fecha de caducidad", "caduca el"),
        *("fecha de vencimiento", "valido fino al", "data di scadenza", "data scadenza", "scadenza", "ważny do"),
        *("data ważności", "geldig tot", "vervaldatum", "einddatum"),
    ),
    "discount_type": ("rabattart", "type de remise", "tipo de descuento", "tipo di sconto", "rodzaj rabatu"),
    "discount_value": (
        *("betrag", "wert", "rabatt", "valeur", "montant", "remise", "valor", "importe", "descuento", "valore"),
        *("importo", "sconto", "wartość", "kwota", "rabat", "waarde", "bedrag", "korting"),
    ),
    "unit_type": ("einheit", "unité", "unidad", "unità", "jednostka", "eenheid"),
    "gift_amount": (
        *("startguthaben", "anfangsguthaben", "anfangswert", "ursprungswert", "valeur initiale", "montant initial"),
        *("importe inicial", "valor inicial", "saldo inicial", "valore iniziale", "importo iniziale"),
        *("wartość początkowa", "beginwaarde"),
    ),
    "gift_balance": (
        *("guthaben", "restguthaben", "restwert", "aktuelles guthaben", "solde", "solde restant", "saldo"),
        *("saldo actual", "saldo disponible", "saldo residuo", "resterend saldo"),
    ),
    "category": ("kategorie", "catégorie", "categoría", "categoria", "kategoria", "categorie"),
    "redemption_limit": (
        *("einlöselimit", "maximale einlösungen", "limite d’utilisation", "límite de uso", "límite de usos"),
        *("limite di utilizzo", "limit użyć", "gebruikslimiet"),
    ),
    "redeemed_quantity": ("einlösungen", "eingelöst", "utilisations", "usos", "utilizzi", "liczba użyć"),
}
