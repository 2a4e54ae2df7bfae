"""Reasons become kinds, and what a server answered a detail beside them. Sentences of before are read here, once."""

from django.db import migrations, models

STATUS = """
UPDATE publications_distribution
   SET status_reason = CASE
           WHEN status_detail = '' THEN 'staff'
           WHEN status_detail LIKE 'The pool is empty:%' THEN 'pool_empty'
           WHEN status_detail LIKE 'This campaign has expired:%' THEN 'campaign_expired'
           WHEN status_detail LIKE 'This campaign was deleted:%' THEN 'campaign_deleted'
           WHEN status_detail LIKE 'The webhook of this distribution was deleted.%' THEN 'webhook_deleted'
           ELSE 'other' END,
       status_detail = CASE
           WHEN status_detail LIKE ANY (ARRAY['The pool is empty:%', 'This campaign has expired:%',
                'This campaign was deleted:%', 'The webhook of this distribution was deleted.%']) THEN ''
           ELSE status_detail END
 WHERE status = 'paused' OR status_detail <> ''
"""
DELIVERIES = """
WITH known (sentence, kind) AS (VALUES
    ('Personal data was erased', 'erased'),
    ('Failed. Personal data was erased', 'erased'),
    ('No e-mail address', 'no_email'),
    ('Not an e-mail address', 'not_an_email'),
    ('Unsubscribed', 'unsubscribed'),
    ('Got a code of this campaign in another distribution', 'in_another_run'),
    ('Already holds a code of this campaign', 'holds_a_code'),
    ('Same e-mail address as another recipient', 'same_email'),
    ('Its code was released before the message was sent', 'code_released'),
    ('The run was stopped before', 'stopped'),
    ('The run was stopped; the code was released', 'stopped_and_released'),
    ('The distribution was archived', 'archived'),
    ('The mail server takes no address with such characters.', 'address_not_taken'),
    ('This is not an address to which e-mail can be sent.', 'address_invalid'),
    ('Handout stopped while this message was being sent. It may have arrived.', 'handout_stopped'),
    ('The connection was lost while the message was being sent.', 'connection_lost')
)
UPDATE publications_delivery d
   SET reason = coalesce((SELECT kind FROM known WHERE sentence = d.detail), 'other'),
       detail = CASE WHEN d.detail IN (SELECT sentence FROM known) THEN '' ELSE d.detail END
 WHERE d.detail <> ''
"""
FIRINGS = """
UPDATE publications_firing
   SET reason = CASE
           WHEN detail = 'No customer was named' THEN 'nobody'
           WHEN detail = 'Personal data was erased' THEN 'erased'
           WHEN detail LIKE 'Got it before: %' THEN 'too_often'
           ELSE 'other' END,
       detail = CASE
           WHEN detail IN ('No customer was named', 'Personal data was erased') THEN ''
           ELSE regexp_replace(detail, '^Got it before: ', '') END
 WHERE detail <> ''
"""
ADDRESSES = """
UPDATE publications_webhookaddress SET pause_reason = CASE pause_detail WHEN '' THEN 'staff' ELSE 'failing' END
 WHERE paused_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("publications", "0018_rules_and_holders")]

    operations = [
        migrations.RemoveIndex(model_name="delivery", name="delivery_by_reason"),
        migrations.RemoveConstraint(model_name="delivery", name="delivery_reason"),
        migrations.RemoveConstraint(model_name="firing", name="firing_has_delivery_or_reason"),
        migrations.RemoveConstraint(model_name="webhookaddress", name="webhook_address_reason_of_pause"),
        migrations.RenameField("distribution", "status_reason", "status_detail"),
        migrations.RenameField("delivery", "reason", "detail"),
        migrations.RenameField("firing", "reason", "detail"),
        migrations.RenameField("webhookaddress", "pause_reason", "pause_detail"),
        migrations.AddField(
            model_name="distribution",
            name="status_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("staff", "Staff paused it"),
                    ("pool_empty", "The pool is empty"),
                    ("no_more_codes", "No more codes can be made"),
                    ("campaign_disabled", "The campaign is disabled"),
                    ("campaign_expired", "The campaign has expired"),
                    ("campaign_deleted", "The campaign was deleted"),
                    ("webhook_deleted", "The webhook of this distribution was deleted"),
                    ("server_refuses", "The mail server refuses Handout"),
                    ("server_cannot", "The mail server cannot do what EMAIL_URL asks for"),
                    ("sender_refused", "The mail server takes no message from this sender"),
                    ("server_busy", "The mail server asks for patience"),
                    ("server_away", "The mail server does not answer"),
                    ("server_hangs_up", "The mail server closes the connection"),
                    ("webhook_away", "The webhook’s server does not answer"),
                    ("other", ""),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="reason",
            field=models.CharField(
                choices=[
                    ("erased", "Personal data was erased"),
                    ("no_email", "No e-mail address"),
                    ("not_an_email", "Not an e-mail address"),
                    ("unsubscribed", "Unsubscribed"),
                    ("in_another_run", "Got a code of this campaign in another distribution"),
                    ("holds_a_code", "Already holds a code of this campaign"),
                    ("address_holds_a_code", "Another customer with the same e-mail address holds a code of this campaign"),
                    ("same_email", "Same e-mail address as another recipient"),
                    ("unknown_address", "No customer has this address or ID"),
                    ("code_released", "Its code was released before the message was sent"),
                    ("stopped", "The distribution was stopped before"),
                    ("stopped_and_released", "The distribution was stopped; the code was released"),
                    ("archived", "The distribution was archived"),
                    ("refused", "The mail server refused it"),
                    ("refused_by_webhook", "The webhook’s server refused it"),
                    ("every_attempt_failed", "Every attempt failed"),
                    ("address_not_taken", "The mail server takes no address with such characters"),
                    ("address_invalid", "E-mail cannot be sent to this address"),
                    ("not_written", "The message could not be written"),
                    ("asked_to_wait", "The server asked for patience"),
                    ("handout_stopped", "Handout stopped while sending it, so it may have arrived"),
                    ("connection_lost", "The connection was lost while it was being sent, so it may have arrived"),
                    ("unclear_answer", "The server did not say whether it took it"),
                    ("other", ""),
                ],
                db_default="",
                default="",
                max_length=24,
            ),
        ),
        migrations.AddField(
            model_name="firing",
            name="reason",
            field=models.CharField(
                choices=[
                    ("nobody", "No customer was named"),
                    ("erased", "Personal data was erased"),
                    ("not_in_segment", "Not in the segment"),
                    ("holds_no_code", "Holds no code of"),
                    ("holds_a_code", "Holds a code of"),
                    ("too_often", "Got it before"),
                    ("other", ""),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="webhookaddress",
            name="pause_reason",
            field=models.CharField(
                choices=[("staff", "Staff paused it"), ("failing", "The last attempt for an event failed")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.RunSQL(STATUS),
        migrations.RunSQL(DELIVERIES),
        migrations.RunSQL(FIRINGS),
        migrations.RunSQL(ADDRESSES),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("reason", ""), _negated=True),
                fields=["distribution", "reason", "id"],
                name="delivery_by_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="distribution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "paused"), _negated=True),
                    models.Q(("status_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="distribution_paused_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["failed", "skipped", "unknown"]), models.Q(("reason", ""), _negated=True)
                    ),
                    models.Q(("state__in", ["failed", "skipped", "unknown"]), _negated=True),
                    _connector="OR",
                ),
                name="delivery_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="firing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivery__isnull", False), ("outcome", "fired"), ("reason", "")),
                    models.Q(("delivery", None), ("outcome", "skipped"), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="firing_has_delivery_or_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookaddress",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("pause_reason", ""), ("paused_at", None)),
                    models.Q(models.Q(("pause_reason", ""), _negated=True), ("paused_at__isnull", False)),
                    _connector="OR",
                ),
                name="webhook_address_reason_of_pause",
            ),
        ),
    ]
