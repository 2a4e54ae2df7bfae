from django.db import migrations, models

# What the card held after each is the balance of now less all that came later; a redemption noted its own. A later migration that
# changes a column named here takes the view away first, and makes it anew.
VIEW = """
CREATE VIEW redemptions_transaction AS
SELECT t.key, t.created_at, t.voucher_id, v.campaign_id, t.kind, t.amount, t.source_id, t.reason, t.order_id, t.order_source_id,
       t.redemption_id, t.rollback_id, t.actor_kind,
       coalesce(t.balance, coalesce(v.gift_amount, c.gift_amount, 0) - v.redeemed_amount
                           - coalesce(sum(t.amount) OVER later, 0)) AS balance,
       coalesce(v.gift_amount, c.gift_amount, 0)
         - coalesce(sum(t.amount) FILTER (WHERE t.kind IN ('CREDITS_ADDITION', 'CREDITS_REMOVAL')) OVER later, 0) AS total
  FROM (SELECT r.id * 2 AS key, r.created_at, r.voucher_id,
               CASE r.kind WHEN 'rollback' THEN 'CREDITS_REFUND' ELSE 'CREDITS_REDEMPTION' END AS kind,
               CASE r.kind WHEN 'rollback' THEN r.amount ELSE -r.amount END AS amount, r.balance,
               NULL::text AS source_id, NULL::text AS reason,
               coalesce(made.order, head.order) ->> 'id' AS order_id,
               coalesce(made.order, head.order) ->> 'source_id' AS order_source_id,
               coalesce(r.undoes_id, r.id) AS redemption_id, CASE r.kind WHEN 'rollback' THEN r.id END AS rollback_id,
               NULL::text AS actor_kind
          FROM redemptions_redemption r
          JOIN redemptions_redemption made ON made.id = coalesce(r.undoes_id, r.id)
          LEFT JOIN redemptions_redemption head ON head.id = made.stack_id
         WHERE r.result = 'SUCCESS' AND r.amount IS NOT NULL
        UNION ALL
        SELECT b.id * 2 + 1, b.created_at, b.voucher_id,
               CASE WHEN b.amount > 0 THEN 'CREDITS_ADDITION' ELSE 'CREDITS_REMOVAL' END,
               b.amount, b.balance, b.source_id, b.reason, NULL, NULL, NULL, NULL, b.actor_kind
          FROM redemptions_balancechange b) AS t
  JOIN codes_voucher v ON v.id = t.voucher_id
  LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
WINDOW later AS (PARTITION BY t.voucher_id ORDER BY t.created_at DESC, t.key DESC
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('redemptions', '0003_balance_changes'),
    ]

    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW redemptions_transaction"),
        migrations.CreateModel(
            name='Transaction',
            fields=[
                ('key', models.BigIntegerField(primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('CREDITS_REDEMPTION', 'Redemption'), ('CREDITS_REFUND', 'Rollback'), ('CREDITS_ADDITION', 'Added by hand'), ('CREDITS_REMOVAL', 'Taken by hand')], max_length=18)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                ('source_id', models.CharField(max_length=255, null=True)),
                ('reason', models.TextField(null=True)),
                ('order_id', models.TextField(null=True)),
                ('order_source_id', models.TextField(null=True)),
                ('redemption_id', models.BigIntegerField(null=True)),
                ('rollback_id', models.BigIntegerField(null=True)),
                ('actor_kind', models.CharField(max_length=16, null=True)),
                ('balance', models.DecimalField(decimal_places=2, max_digits=14)),
                ('total', models.DecimalField(decimal_places=2, max_digits=14)),
            ],
            options={
                'db_table': 'redemptions_transaction',
                'ordering': ['-created_at', '-key'],
                'managed': False,
            },
        ),
    ]
