"""The forms of the till."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from campaigns.codes.models import Voucher
from campaigns.codes.state import balance
from customers.models import Customer


class RedeemForm(forms.Form):
    """One use of a code. `seen` is how often it had been used when the form was drawn: sent twice, it counts once."""

    single_column = True
    amount = forms.DecimalField(
        label="Amount to take from the balance", min_value=Decimal("0.01"), max_digits=14, decimal_places=2
    )
    by_holder = forms.BooleanField(required=False, initial=True)
    order = forms.CharField(label="Order ID", max_length=255, required=False)
    note = forms.CharField(max_length=500, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, voucher: Voucher, holder: Customer | None, **kwargs: Any) -> None:
        left = balance(voucher)
        kwargs["initial"] = {"seen": voucher.redeemed_quantity, "amount": left}
        super().__init__(*args, **kwargs)
        if left is None:
            del self.fields["amount"]
        else:
            self.fields["amount"].widget.attrs |= {"inputmode": "decimal"}
        if holder is None:
            del self.fields["by_holder"]
        else:
            self.fields["by_holder"].label = f"The customer is {holder}"


class RollBackForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text="Kept with the rollback.",
        error_messages={"required": "Enter a reason."},
    )
