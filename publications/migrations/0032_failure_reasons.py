"""Why an attempt failed becomes a column of choices. Messages of before are read here, once."""

from django.db import migrations, models

FILL = """
UPDATE publications_publication SET failure_reason = CASE
    WHEN failure_code = 'no_voucher_suitable_for_publication' THEN CASE
        WHEN failure_message LIKE '%expired%' THEN 'campaign_expired'
        WHEN failure_message LIKE '%create new%' THEN 'no_new_codes'
        ELSE 'pool_empty' END
    WHEN failure_code = 'voucher_already_published' THEN 'already_published'
    WHEN failure_code = 'voucher_cannot_be_published' THEN CASE
        WHEN failure_message LIKE '%campaign has expired%' THEN 'campaign_expired'
        WHEN failure_message LIKE '%expired%' THEN 'code_expired'
        WHEN failure_message LIKE 'The campaign is disabled%' THEN 'campaign_disabled'
        WHEN failure_message LIKE '%disabled%' THEN 'code_disabled'
        WHEN failure_message LIKE '%already joined%' THEN 'already_joined'
        WHEN failure_message LIKE '%retired%' THEN 'retired'
        WHEN failure_message LIKE '%held back%' THEN 'held_back'
        WHEN failure_message LIKE '%used up%' THEN 'used_up'
        ELSE 'other' END
    WHEN failure_code = 'voucher_disabled' THEN 'code_disabled'
    WHEN failure_code = 'voucher_expired' THEN 'code_expired'
    ELSE 'other' END
 WHERE result = 'FAILURE';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0013_wording'),
        ('customers', '0008_first_members_plural'),
        ('publications', '0031_distribution_moves'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='publication',
            name='publication_failure_has_reason',
        ),
        migrations.AddField(
            model_name='publication',
            name='failure_reason',
            field=models.CharField(choices=[('pool_empty', 'Pool empty'), ('no_new_codes', 'No new codes'), ('campaign_expired', 'Campaign expired'), ('campaign_disabled', 'Campaign disabled'), ('already_published', 'Already published'), ('already_joined', 'Already joined'), ('code_expired', 'Code expired'), ('code_disabled', 'Code disabled'), ('retired', 'Retired'), ('held_back', 'Held back'), ('used_up', 'Used up'), ('other', 'Other')], db_default='', default='', max_length=20),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='publication',
            index=models.Index(condition=models.Q(('failure_reason', ''), _negated=True), fields=['failure_reason', '-created_at', '-id'], name='publication_by_reason'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('failure_code', None), ('failure_key', None), ('failure_message', None), ('failure_reason', ''), ('result', 'SUCCESS')), models.Q(('failure_code__isnull', False), ('failure_message__isnull', False), ('result', 'FAILURE'), ('voucher_count', 0), models.Q(('failure_reason', ''), _negated=True)), _connector='OR'), name='publication_failure_has_reason'),
        ),
    ]
