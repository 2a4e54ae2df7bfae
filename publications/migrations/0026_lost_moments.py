"""More reasons: what a restored backup, or a failover, left behind."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('publications', '0025_shortcuts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='delivery',
            name='reason',
            field=models.CharField(choices=[('erased', 'Personal data was erased'), ('no_email', 'No e-mail address'), ('not_an_email', 'Not an e-mail address'), ('unsubscribed', 'Unsubscribed'), ('in_another_run', 'Got a code of this campaign in another distribution'), ('holds_a_code', 'Already holds a code of this campaign'), ('address_holds_a_code', 'Another customer with the same e-mail address holds a code of this campaign'), ('same_email', 'Same e-mail address as another recipient'), ('unknown_address', 'No customer has this address or ID'), ('code_released', 'Its code was released before the message was sent'), ('code_disabled', 'Its code was disabled before the message was sent'), ('code_expired', 'Its code expired before the message was sent'), ('code_used', 'Its code was used before the message was sent'), ('stopped', 'The distribution was stopped before'), ('got_it_in_lost_time', 'Got it in the moments that the database lost'), ('stopped_and_released', 'The distribution was stopped; the code was released'), ('archived', 'The distribution was archived'), ('refused', 'The mail server refused it'), ('refused_by_webhook', 'The webhook’s server refused it'), ('every_attempt_failed', 'Every attempt failed'), ('address_not_taken', 'The mail server takes no address with such characters'), ('address_invalid', 'E-mail cannot be sent to this address'), ('not_written', 'The message could not be written'), ('asked_to_wait', 'The server asked for patience'), ('handout_stopped', 'Handout stopped while sending it, so it may have arrived'), ('connection_lost', 'The connection was lost while it was being sent, so it may have arrived'), ('lost', 'The database lost its last moments, in which it may have been sent'), ('unclear_answer', 'The server did not say whether it took it'), ('other', '')], db_default='', default='', max_length=24),
        ),
        migrations.AlterField(
            model_name='distribution',
            name='status_reason',
            field=models.CharField(blank=True, choices=[('staff', 'Staff paused it'), ('pool_empty', 'The pool is empty'), ('no_more_codes', 'No more codes can be made'), ('campaign_disabled', 'The campaign is disabled'), ('campaign_expired', 'The campaign has expired'), ('campaign_deleted', 'The campaign was deleted'), ('webhook_deleted', 'The webhook of this distribution was deleted'), ('server_refuses', 'The mail server refuses Handout'), ('server_cannot', 'The mail server cannot do what EMAIL_URL asks for'), ('sender_refused', 'The mail server takes no message from this sender'), ('unknown_in_a_row', 'Of several messages in a row nobody knows whether they arrived'), ('lost', 'The database lost its last moments while this was under way'), ('answers_lost', 'The connection is lost before the server says whether it took the message'), ('server_busy', 'The mail server asks for patience'), ('server_away', 'The mail server does not answer'), ('server_hangs_up', 'The mail server closes the connection'), ('webhook_away', 'The webhook’s server does not answer'), ('other', '')], db_default='', default='', max_length=20),
        ),
    ]
