"""Who may open what: every address and every role. A view whose address is not in these tables fails test_roles.py.

The answers, in the order of ROLES: "login" is a redirect to the sign-in page, "ok" means let in (a page, a redirect
onwards, or a form that is shown again because the walk sends it empty), a number is that status.
"""

from __future__ import annotations

ROLES = ("anonymous", "no role", "Till", "Viewer", "Operator", "Exporter", "Manager")

EVERYBODY = "ok ok ok ok ok ok ok"
SIGNED_IN = "login ok ok ok ok ok ok"
READ = "login 403 403 ok ok ok ok"
PUBLISH = "login 403 403 403 ok 403 ok"
EXPORT = "login 403 403 403 403 ok ok"
MANAGE = "login 403 403 403 403 403 ok"
CHECK = "login 403 ok ok ok ok ok"
REDEEM = "login 403 ok 403 ok 403 ok"
HAND_OUT = "login 403 403 403 403 403 ok"  # and who is Operator and Exporter
NOBODY = "login 403 403 403 403 403 403"
NO_POST = NO_GET = "405 405 405 405 405 405 405"
STAFF_404 = "login 403 403 404 404 404 404"
STAFF_405 = "login 403 403 405 405 405 405"

# name: (GET, POST)
PAGES = {
    "dashboard:home": (CHECK, NO_POST),
    # the code that the walk takes is unpublished: to who sees none, it does not exist
    "redemptions:check": (CHECK, NO_POST),
    "redemptions:check-code": ("login 403 404 404 ok ok ok", NO_POST),
    "redemptions:redeem": (NO_GET, "login 403 404 403 ok 403 ok"),
    "redemptions:roll-back": (REDEEM, REDEEM),
    "redemptions:history": (READ, NO_POST),
    "redemptions:tried-by-others": (READ, NO_POST),
    "distributions:send-again": (PUBLISH, PUBLISH),
    "distributions:send-code-again": ("login 403 403 403 404 403 404",) * 2,  # nobody holds the code
    "dashboard:search": (READ, NO_POST),
    # campaigns
    "campaigns:list": (READ, NO_POST),
    "campaigns:suggest": (READ, NO_POST),
    "campaigns:create": (MANAGE, MANAGE),
    "campaigns:preview": (MANAGE, NO_POST),
    "dashboard:campaign": (READ, NO_POST),
    "dashboard:campaign-codes": (READ, NO_POST),
    "dashboard:campaign-activity": (READ, NO_POST),
    "publications:publish": (PUBLISH, PUBLISH),
    "campaigns:settings": (MANAGE, MANAGE),
    "campaigns:extend": (MANAGE, MANAGE),
    "campaigns:order": (READ, MANAGE),
    "campaigns:enable": (NO_GET, MANAGE),
    "campaigns:disable": (MANAGE, MANAGE),
    "campaigns:delete": (MANAGE, MANAGE),
    "campaigns:import": (MANAGE, MANAGE),
    # codes
    "campaigns:codes": (READ, NO_POST),
    "campaigns:create-codes": (MANAGE, MANAGE),
    "campaigns:import-codes": (MANAGE, MANAGE),
    "campaigns:code-import": (MANAGE, MANAGE),
    "campaigns:code-import-errors": (MANAGE, NO_POST),
    "campaigns:code-import-discard": (NO_GET, MANAGE),
    "campaigns:code-import-retry": (NO_GET, MANAGE),
    "campaigns:code-import-stop": (NO_GET, MANAGE),
    "campaigns:code-import-undo": (MANAGE, MANAGE),
    "dashboard:code": (READ, NO_POST),
    "publications:publish-code": (PUBLISH, PUBLISH),
    "publications:release": (MANAGE, MANAGE),
    "publications:hold-back": (MANAGE, MANAGE),
    "publications:release-publication": (MANAGE, MANAGE),
    "publications:settle": (
        "login 403 403 403 403 403 404",
        "login 403 403 403 403 403 404",
    ),  # the publication is no hand-out
    "publications:put-back": (MANAGE, MANAGE),
    "campaigns:edit-code": (MANAGE, MANAGE),
    "campaigns:enable-code": (NO_GET, MANAGE),
    "campaigns:disable-code": (NO_GET, MANAGE),
    # customers
    "customers:list": (READ, NO_POST),
    "customers:suggest": (PUBLISH, NO_POST),
    "publications:suggest-channels": (PUBLISH, NO_POST),
    "customers:create": (PUBLISH, PUBLISH),
    "customers:import": (PUBLISH, PUBLISH),
    "customers:customer-import": (PUBLISH, PUBLISH),
    "customers:customer-import-errors": (PUBLISH, NO_POST),
    "customers:customer-import-discard": (NO_GET, PUBLISH),
    "customers:customer-import-retry": (NO_GET, PUBLISH),
    "customers:customer-import-stop": (NO_GET, PUBLISH),
    "customers:doubles": (READ, NO_POST),
    "dashboard:customer": (READ, NO_POST),
    "dashboard:customer-publications": (READ, NO_POST),
    "dashboard:customer-redemptions": (READ, NO_POST),
    "dashboard:customer-messages": (READ, NO_POST),
    "dashboard:customer-events": (READ, NO_POST),
    "dashboard:unsubscribe": (NO_GET, PUBLISH),
    "dashboard:resubscribe": (NO_GET, PUBLISH),
    "publications:publish-to": (PUBLISH, NO_POST),
    "customers:edit": (PUBLISH, PUBLISH),
    "dashboard:erase-customer": (MANAGE, MANAGE),
    "segments:find": (READ, NO_POST),
    # segments
    "segments:segments": (READ, NO_POST),
    "segments:segment": (READ, NO_POST),
    "segments:create-segment": (PUBLISH, PUBLISH),
    "segments:create-static": (PUBLISH, PUBLISH),
    "segments:count-segment": (PUBLISH, NO_POST),
    "segments:edit-segment": (PUBLISH, PUBLISH),
    "segments:delete-segment": (PUBLISH, PUBLISH),
    "segments:fill-segment": (PUBLISH, PUBLISH),
    "segments:add-to-segment": (NO_GET, PUBLISH),
    "segments:remove-from-segment": (NO_GET, PUBLISH),
    # referral programs
    "referrals:referrals": (READ, NO_POST),
    "referrals:referrers": (READ, NO_POST),
    "referrals:program": (MANAGE, MANAGE),
    # automatic distributions
    "automation:list": (READ, NO_POST),
    "automation:automation": (READ, NO_POST),
    "automation:create": (PUBLISH, PUBLISH),
    "automation:rule": (PUBLISH, PUBLISH),
    "automation:codes": (PUBLISH, PUBLISH),
    "automation:message": (PUBLISH, PUBLISH),
    "automation:activate": (NO_GET, PUBLISH),
    "automation:archive": (PUBLISH, PUBLISH),
    "automation:discard": (PUBLISH, PUBLISH),
    # publications
    "publications:history": (READ, NO_POST),
    "publications:publication": (READ, NO_POST),
    "publications:failures": (READ, NO_POST),
    "publications:import": (MANAGE, MANAGE),
    "publications:publication-import": (MANAGE, MANAGE),
    "publications:publication-import-errors": (MANAGE, NO_POST),
    "publications:publication-import-discard": (NO_GET, MANAGE),
    "publications:publication-import-retry": (NO_GET, MANAGE),
    "publications:publication-import-stop": (NO_GET, MANAGE),
    # distributions
    "distributions:list": (READ, NO_POST),
    "distributions:create": (PUBLISH, PUBLISH),
    "distributions:suggest-customers": (PUBLISH, NO_POST),
    "distributions:distribution": (READ, NO_POST),
    "distributions:rename": (PUBLISH, PUBLISH),
    "distributions:audience": (PUBLISH, PUBLISH),
    "distributions:codes": (PUBLISH, PUBLISH),
    "distributions:message": (PUBLISH, PUBLISH),
    "distributions:when": (PUBLISH, PUBLISH),
    "distributions:discard": (PUBLISH, PUBLISH),
    "distributions:review": (PUBLISH, NO_POST),
    "distributions:suggest-recipients": (PUBLISH, NO_POST),
    "distributions:preview": (PUBLISH, NO_POST),
    "distributions:test": (NO_GET, PUBLISH),
    "distributions:start": (NO_GET, PUBLISH),
    "distributions:cancel": (NO_GET, PUBLISH),
    "distributions:pause": (NO_GET, PUBLISH),
    "distributions:resume": (NO_GET, PUBLISH),
    "distributions:stop": (PUBLISH, PUBLISH),
    "distributions:retry": (NO_GET, PUBLISH),
    "distributions:unknown": (PUBLISH, PUBLISH),
    "distributions:send-kept": (NO_GET, PUBLISH),
    "distributions:duplicate": (NO_GET, PUBLISH),
    "distributions:resolve": (NO_GET, PUBLISH),
    "distributions:unsubscribe": (EVERYBODY, EVERYBODY),
    "distributions:outbox": (READ, NO_POST),
    "distributions:outbox-message": (READ, NO_POST),
    "distributions:outbox-html": (READ, NO_POST),
    # files
    "exports:exports": (READ, NO_POST),
    "exports:campaign-exports": (READ, NO_POST),
    "exports:export": (READ, NO_POST),
    "exports:export-status": (READ, NO_POST),
    "exports:report": (EXPORT, EXPORT),
    "exports:download": (NO_GET, EXPORT),
    "exports:delete-view": (NO_GET, EXPORT),
    "exports:file": ("login 403 403 403 403 403 403", NO_POST),  # without its token it is nobody's
    "exports:retry-export": (NO_GET, EXPORT),
    "exports:stop-export": (NO_GET, EXPORT),
    "exports:hand-out": (HAND_OUT, HAND_OUT),
    # recalls: the one that the walk takes is a draft
    "recalls:list": (MANAGE, NO_POST),
    "recalls:create": (MANAGE, MANAGE),
    "recalls:recall": (MANAGE, MANAGE),
    "recalls:file": (MANAGE, NO_POST),
    "recalls:stop": (NO_GET, MANAGE),
    "recalls:continue": (NO_GET, MANAGE),
    "recalls:discard": (NO_GET, MANAGE),
    # notes
    "notes:add": (PUBLISH, PUBLISH),
    "notes:delete": (MANAGE, MANAGE),  # of a note by somebody else
    # alerts
    "alerts:alerts": (READ, NO_POST),
    "alerts:read": (NO_GET, READ),
    "alerts:read-all": (NO_GET, READ),
    "alerts:rules": (MANAGE, NO_POST),
    "alerts:edit-rule": (MANAGE, MANAGE),
    "alerts:test": (NO_GET, MANAGE),
    # settings
    "api:api-keys": (MANAGE, NO_POST),
    "api:create-api-key": (MANAGE, MANAGE),
    "api:api-key-made": (MANAGE, NO_POST),
    "api:api-key-log": (MANAGE, NO_POST),
    "api:edit-api-key": (MANAGE, MANAGE),
    "api:rotate-api-key": (MANAGE, MANAGE),
    "api:revoke-api-key": (MANAGE, MANAGE),
    "quarantine:after-restore": (MANAGE, NO_POST),
    "quarantine:withdraw-next": (MANAGE, MANAGE),
    "quarantine:withdraw-listed": (MANAGE, MANAGE),
    "quarantine:settle-sent": (MANAGE, MANAGE),
    "quarantine:open-again": (MANAGE, MANAGE),
    "webhooks:webhooks": (MANAGE, NO_POST),
    "webhooks:create-webhook": (MANAGE, MANAGE),
    "webhooks:webhook": (MANAGE, NO_POST),
    "webhooks:edit-webhook": (MANAGE, MANAGE),
    "webhooks:webhook-secret": (MANAGE, MANAGE),
    "webhooks:pause-webhook": (NO_GET, MANAGE),
    "webhooks:resume-webhook": (NO_GET, MANAGE),
    "webhooks:delete-webhook": (MANAGE, MANAGE),
    "webhooks:test-webhook": (NO_GET, MANAGE),
    "webhooks:retry-webhook": (NO_GET, MANAGE),
    "webhooks:webhook-delivery": (MANAGE, NO_POST),
    "webhooks:send-webhook-again": (NO_GET, MANAGE),
    "staff:settings": (MANAGE, MANAGE),
    "staff:audit-log": (MANAGE, NO_POST),
    "server:email": (MANAGE, MANAGE),
    "server:status": (READ, NO_POST),
    # the API's reference
    "docs": (EVERYBODY, NO_POST),
    "openapi": (EVERYBODY, NO_POST),
    # signing in
    "login": (EVERYBODY, EVERYBODY),
    "logout": (NO_GET, "login login login login login login login"),
    "sign-in-code": ("login login login login login login login",) * 2,
    "ask-for-link": (EVERYBODY, EVERYBODY),
    "forgot-password": (EVERYBODY, EVERYBODY),
    "invitation": (EVERYBODY, EVERYBODY),
    "staff:invite-user": (MANAGE, MANAGE),
    "account:account": (SIGNED_IN, NO_POST),
    "account:change-name": (NO_GET, SIGNED_IN),
    "account:set-up-second-factor": (SIGNED_IN, SIGNED_IN),
    "account:remove-second-factor": (SIGNED_IN, SIGNED_IN),
    "account:recovery-codes": (SIGNED_IN, NO_POST),
    "account:new-recovery-codes": (SIGNED_IN, SIGNED_IN),
    "account:end-session": (NO_GET, "login 404 404 404 404 404 404"),
    "account:end-other-sessions": (NO_GET, SIGNED_IN),
    "password_change": (SIGNED_IN, SIGNED_IN),
    "password_change_done": (SIGNED_IN, "login 405 405 405 405 405 405"),
}

# By the signed link in an e-mail, also by mail programs that post there by themselves.
BY_LINK = {"distributions:unsubscribe"}

# Pages that anybody may open, or anybody who has signed in: Django's own views, the API's reference, and those by link.
OPEN = {
    "docs",
    "openapi",
    "login",
    "sign-in-code",
    "ask-for-link",
    "forgot-password",
    "invitation",
    "logout",
    "password_change",
    "password_change_done",
    *BY_LINK,
    *(name for name in PAGES if name.startswith("account:")),
}

# What belongs to no model: (GET, POST)
ADMIN = {
    "admin:index": (READ, READ),
    "admin:app_list": (READ, READ),
    "admin:jsi18n": (READ, STAFF_405),
    "admin:login": ("login 403 403 403 403 403 403", "login 403 403 403 403 403 403"),
    "admin:logout": ("login ok ok 405 405 405 405", "login ok ok login login login login"),
    "admin:password_change": (READ, READ),
    "admin:password_change_done": (READ, STAFF_405),
    "admin:view_on_site": (READ, READ),  # on to the page of the thing
    "admin:autocomplete": (STAFF_404, STAFF_405),
    "admin:auth_user_password_change": (MANAGE, MANAGE),
}

# model: (looking, adding, changing, deleting). What nobody looks at is for administrators (superusers) alone.
ADMIN_MODELS = {
    "auth_group": (MANAGE, NOBODY, NOBODY, NOBODY),
    "auth_user": (MANAGE, MANAGE, MANAGE, MANAGE),
    "campaigns_campaign": (READ, NOBODY, MANAGE, NOBODY),
    "codes_codeimport": (READ, NOBODY, NOBODY, NOBODY),
    "codes_codeorder": (READ, NOBODY, NOBODY, NOBODY),
    "codes_voucher": (READ, NOBODY, NOBODY, NOBODY),
    "api_apikey": (MANAGE, NOBODY, NOBODY, NOBODY),
    "alerts_alert": (MANAGE, NOBODY, NOBODY, NOBODY),
    "alerts_alertrule": (MANAGE, NOBODY, NOBODY, NOBODY),
    "alerts_notice": (MANAGE, NOBODY, NOBODY, NOBODY),
    "recalls_recall": (NOBODY, NOBODY, NOBODY, NOBODY),
    "recalls_recallbatch": (NOBODY, NOBODY, NOBODY, NOBODY),
    "recalls_recalledcode": (NOBODY, NOBODY, NOBODY, NOBODY),
    "notes_note": (READ, NOBODY, NOBODY, NOBODY),
    "watch_poolforecast": (NOBODY, NOBODY, NOBODY, NOBODY),
    "staff_auditentry": (MANAGE, NOBODY, NOBODY, NOBODY),
    "staff_projectsettings": (MANAGE, NOBODY, NOBODY, NOBODY),
    "staff_quarantine": (MANAGE, NOBODY, NOBODY, NOBODY),
    "customers_customer": (READ, NOBODY, MANAGE, NOBODY),
    "customers_customerimport": (READ, NOBODY, NOBODY, NOBODY),
    "customers_event": (READ, NOBODY, NOBODY, NOBODY),
    "customers_marketingrefusal": (READ, NOBODY, NOBODY, NOBODY),
    "segments_segment": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_campaigncount": (NOBODY, NOBODY, NOBODY, NOBODY),
    "campaigns_campaigndeletion": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_offerchange": (READ, NOBODY, NOBODY, NOBODY),
    "codes_metadataupdate": (READ, NOBODY, NOBODY, NOBODY),
    "codes_refusedcode": (MANAGE, NOBODY, NOBODY, NOBODY),
    "staff_staffsession": (NOBODY, NOBODY, NOBODY, NOBODY),
    "api_apicall": (MANAGE, NOBODY, NOBODY, NOBODY),
    "api_bearertoken": (MANAGE, NOBODY, NOBODY, NOBODY),
    "events_listener": (NOBODY, NOBODY, NOBODY, NOBODY),
    "events_outbox": (NOBODY, NOBODY, NOBODY, NOBODY),
    "customers_refusedcustomer": (PUBLISH, NOBODY, NOBODY, NOBODY),
    "segments_segmentchange": (NOBODY, NOBODY, NOBODY, NOBODY),
    "segments_segmentmember": (READ, NOBODY, NOBODY, NOBODY),
    "segments_firstmembers": (NOBODY, NOBODY, NOBODY, NOBODY),
    "segments_watchedmember": (NOBODY, NOBODY, NOBODY, NOBODY),
    "segments_watchedsegment": (NOBODY, NOBODY, NOBODY, NOBODY),
    "tallies_daytally": (NOBODY, NOBODY, NOBODY, NOBODY),
    "distributions_delivery": (READ, NOBODY, NOBODY, NOBODY),
    "distributions_distribution": (READ, NOBODY, NOBODY, NOBODY),
    "distributions_emailgrant": (NOBODY, NOBODY, NOBODY, NOBODY),
    "automation_firing": (READ, NOBODY, NOBODY, NOBODY),
    "distributions_keptmessage": (READ, NOBODY, NOBODY, NOBODY),
    "distributions_listedrecipient": (READ, NOBODY, NOBODY, NOBODY),
    "redemptions_referral": (READ, NOBODY, NOBODY, NOBODY),
    "referrals_referralprogram": (READ, NOBODY, NOBODY, NOBODY),
    "publications_refusedpublication": (MANAGE, NOBODY, NOBODY, NOBODY),
    "automation_rule": (READ, NOBODY, NOBODY, NOBODY),
    "tallies_tallyprogress": (NOBODY, NOBODY, NOBODY, NOBODY),
    "distributions_unsubscribe": (READ, NOBODY, NOBODY, NOBODY),
    "api_idempotentcall": (NOBODY, NOBODY, NOBODY, NOBODY),
    "redemptions_balancechange": (MANAGE, NOBODY, NOBODY, NOBODY),
    "exports_filepreference": (NOBODY, NOBODY, NOBODY, NOBODY),
    "exports_savedview": (READ, NOBODY, NOBODY, NOBODY),
    "exports_export": (READ, NOBODY, NOBODY, NOBODY),
    "publications_publication": (READ, NOBODY, NOBODY, NOBODY),
    "publications_publicationimport": (READ, NOBODY, NOBODY, NOBODY),
    "publications_publishedvoucher": (READ, NOBODY, NOBODY, NOBODY),
    "redemptions_redemption": (READ, NOBODY, NOBODY, NOBODY),
    "webhooks_webhookaddress": (MANAGE, NOBODY, NOBODY, NOBODY),
    "webhooks_webhookdelivery": (MANAGE, NOBODY, NOBODY, NOBODY),
    "procrastinate_procrastinatejob": (MANAGE, NOBODY, NOBODY, NOBODY),
}

# What may be done with ticked rows of the admin's lists; who is in no row is offered nothing.
ADMIN_ACTIONS = {
    ("auth_user", "Manager"): {"delete_selected", "send_password_link", "reset_second_factor"},
    ("campaigns_campaign", "Operator"): {"publish"},
    ("campaigns_campaign", "Manager"): {"publish", "enable", "disable"},
    ("codes_voucher", "Operator"): {"publish"},
    ("codes_voucher", "Manager"): {"publish", "enable", "disable", "release"},
    ("codes_codeorder", "Manager"): {"retry"},
}

# Those of the admin's model pages that answer to (GET, POST).
PAGES_OF_A_MODEL = {"changelist": ("look", "look"), "add": ("add", "add"), "change": ("look", "change")}
PAGES_OF_A_MODEL |= {"delete": ("delete", "delete"), "history": ("look", "look")}
