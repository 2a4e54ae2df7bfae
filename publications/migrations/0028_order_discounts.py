from django.db import migrations, models

KEEP = """
DROP TRIGGER redemption_keeps_what_counts ON publications_redemption;
CREATE TRIGGER redemption_keeps_what_counts BEFORE UPDATE ON publications_redemption
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.result, OLD.voucher_id, OLD.campaign_id, OLD.stack_id, OLD.undoes_id, OLD.amount,
         OLD.redeemed_quantity, OLD.redemption_limit, OLD.balance, OLD.created_at{old}) IS DISTINCT FROM
        (NEW.kind, NEW.result, NEW.voucher_id, NEW.campaign_id, NEW.stack_id, NEW.undoes_id, NEW.amount,
         NEW.redeemed_quantity, NEW.redemption_limit, NEW.balance, NEW.created_at{new}))
    EXECUTE FUNCTION redemption_keeps_what_counts();
"""


class Migration(migrations.Migration):
    dependencies = [("publications", "0027_own_channels")]
    operations = [
        migrations.AddField("redemption", "applied_discount", models.PositiveBigIntegerField(null=True)),
        migrations.AddField("redemption", "total_discount", models.PositiveBigIntegerField(null=True)),
        migrations.RunSQL(
            KEEP.format(old=", OLD.applied_discount, OLD.total_discount", new=", NEW.applied_discount, NEW.total_discount"),
            KEEP.format(old="", new=""),
        ),
    ]
