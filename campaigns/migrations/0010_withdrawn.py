"""Codes out of the pool for good; and no code, nor campaign, that is worth nothing from the start (ADR 0024)."""

import django.db.models.expressions
from django.db import migrations, models

# Codes that could be handed out although their use was counted. A gift amount of 0 is a card that was spent before it was
# imported.
WITHDRAW = """
UPDATE campaigns_voucher SET gift_amount = NULL WHERE gift_amount = 0 AND type <> 'GIFT_VOUCHER';
UPDATE campaigns_voucher SET withdrawn_at = now(), withdrawn_why = 'used'
 WHERE published_at IS NULL AND (redeemed_quantity > 0 OR redeemed_amount > 0 OR gift_amount = 0);
"""

# No door has ever let these in; a script may have. What could not be used stays of no use (disabled) until somebody says
# what it shall be worth.
REPAIR = """
UPDATE campaigns_voucher SET redemption_limit = 1, active = false WHERE redemption_limit = 0;
UPDATE campaigns_campaign SET redemption_limit = 1, active = false WHERE redemption_limit = 0;
UPDATE campaigns_campaign SET gift_amount = NULL WHERE gift_amount <= 0 AND kind <> 'GIFT_VOUCHERS';
UPDATE campaigns_campaign SET gift_amount = 0.01, active = false
 WHERE kind = 'GIFT_VOUCHERS' AND coalesce(gift_amount, 0) <= 0;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_words"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="campaign",
            name="campaign_gift_has_amount",
        ),
        migrations.RemoveConstraint(
            model_name="voucher",
            name="voucher_value_not_negative",
        ),
        migrations.RemoveIndex(
            model_name="voucher",
            name="voucher_pool",
        ),
        migrations.AddField(
            model_name="voucher",
            name="withdrawn_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="voucher",
            name="withdrawn_why",
            field=models.CharField(
                choices=[("used", "Used"), ("retired", "Retired"), ("held_back", "Held back")],
                editable=False,
                max_length=9,
                null=True,
            ),
        ),
        migrations.RunSQL(WITHDRAW, migrations.RunSQL.noop),
        migrations.RunSQL(REPAIR, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="voucher",
            index=models.Index(
                models.F("campaign"),
                django.db.models.expressions.CombinedExpression(models.F("id"), "+", models.Value(0)),
                condition=models.Q(
                    ("active", True), ("deleted_at", None), ("published_at", None), ("withdrawn_at", None)
                ),
                name="voucher_pool",
            ),
        ),
        migrations.AddIndex(
            model_name="voucher",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", False)), fields=["-id"], name="voucher_withdrawn"
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "GIFT_VOUCHERS"), _negated=True), ("gift_amount__isnull", False), _connector="OR"
                ),
                name="campaign_gift_has_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("gift_amount", None), ("gift_amount__gt", 0), _connector="OR"),
                name="campaign_gift_amount_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("redemption_limit", None), ("redemption_limit__gte", 1), _connector="OR"),
                name="campaign_limit_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(("discount_value", None), ("discount_value__gte", 0), _connector="OR"),
                name="voucher_value_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gift_amount", None),
                    ("gift_amount__gt", 0),
                    models.Q(
                        ("gift_amount", 0),
                        models.Q(("published_at__isnull", False), ("withdrawn_at__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="voucher_gift_amount_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(("redemption_limit", None), ("redemption_limit__gte", 1), _connector="OR"),
                name="voucher_limit_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at", None), ("withdrawn_why", None)),
                    models.Q(("withdrawn_at__isnull", False), ("withdrawn_why__isnull", False), ("withdrawn_why__in", ["used", "retired", "held_back"])),
                    _connector="OR",
                ),
                name="voucher_withdrawn_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("published_at__isnull", False),
                    ("withdrawn_at__isnull", False),
                    models.Q(("redeemed_amount", 0), ("redeemed_quantity", 0)),
                    _connector="OR",
                ),
                name="voucher_used_left_the_pool",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("published_at", None), ("withdrawn_why", None), ("withdrawn_why", "used"), _connector="OR"
                ),
                name="voucher_withdrawn_is_not_published",
            ),
        ),
    ]
