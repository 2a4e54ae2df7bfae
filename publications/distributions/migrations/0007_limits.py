"""A distribution rests for a limit of codes a day; who holds as many as one may is left out."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distributions', '0006_reminders'),
    ]

    operations = [
        migrations.AlterField(
            model_name='delivery',
            name='reason',
            field=models.CharField(choices=[('erased', 'Personal data was erased'), ('no_email', 'No e-mail address'), ('not_an_email', 'Not an e-mail address'), ('unsubscribed', 'Unsubscribed'), ('in_another_run', 'Got a code of this campaign in another distribution'), ('holds_a_code', 'Already holds a code of this campaign'), ('holds_too_many', 'Holds as many codes of this campaign as one customer may'), ('address_holds_a_code', 'Another customer with the same e-mail address holds a code of this campaign'), ('same_email', 'Same e-mail address as another recipient'), ('unknown_address', 'No customer has this address or ID'), ('code_released', 'Its code was released before the message was sent'), ('code_disabled', 'Its code was disabled before the message was sent'), ('code_expired', 'Its code expired before the message was sent'), ('code_used', 'Its code was used before the message was sent'), ('code_extended', 'Its code now expires later'), ('stopped', 'The distribution was stopped first'), ('got_it_in_lost_time', 'Got it in the time the database lost'), ('stopped_and_released', 'The distribution was stopped; the code was released'), ('archived', 'The distribution was archived'), ('refused', 'The mail server rejected it'), ('refused_by_webhook', 'The webhook’s server rejected it'), ('every_attempt_failed', 'Every attempt failed'), ('address_not_taken', 'The mail server does not support the characters in this address'), ('address_invalid', 'E-mail cannot be sent to this address'), ('not_written', 'The message could not be written'), ('asked_to_wait', 'The server asked to wait'), ('handout_stopped', 'Handout stopped while sending it, so it may have arrived'), ('connection_lost', 'The connection was lost while it was being sent, so it may have arrived'), ('lost', 'The database lost its latest changes, so it may have been sent'), ('unclear_answer', 'The server did not confirm that it accepted the message'), ('other', '')], db_default='', default='', max_length=24),
        ),
        migrations.AlterField(
            model_name='distribution',
            name='status_reason',
            field=models.CharField(blank=True, choices=[('pool_empty', 'The pool is empty'), ('no_more_codes', 'No more codes can be generated'), ('campaign_disabled', 'The campaign is disabled'), ('campaign_expired', 'The campaign has expired'), ('campaign_deleted', 'The campaign was deleted'), ('webhook_deleted', 'The webhook of this distribution was deleted'), ('server_refuses', 'The mail server rejects Handout’s sign-in'), ('server_cannot', 'The mail server does not support what EMAIL_URL asks for'), ('sender_refused', 'The mail server rejects messages from this sender'), ('unknown_in_a_row', 'Several messages in a row may or may not have arrived'), ('lost', 'The database lost its latest changes while this was in progress'), ('answers_lost', 'The connection drops before the server confirms the message'), ('server_busy', 'The mail server asked to wait'), ('server_away', 'The mail server is not responding'), ('server_hangs_up', 'The mail server closes the connection'), ('webhook_away', 'The webhook’s server is not responding'), ('limit_reached', 'The limit of codes for today is reached'), ('other', '')], db_default='', default='', max_length=20),
        ),
    ]
