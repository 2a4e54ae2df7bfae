"""Manual distributions: their list, the steps of a draft, the run; and the outbox of a server that sends no e-mail."""

from django.urls import path

from publications.distributions.pages import drafts, review, runs
from publications.distributions.pages import stored_messages as outbox
from publications.distributions.pages.send_again import send_again, send_code_again
from publications.distributions.pages.unknown import unknown
from publications.distributions.pages.unsubscribe import unsubscribe

app_name = "distributions"
urlpatterns = [
    path("distributions/", runs.distributions, name="list"),
    path("distributions/new", drafts.create, name="create"),
    path("distributions/customers", drafts.suggest_customers, name="suggest-customers"),
    path("distributions/<dist:distribution_id>/", runs.distribution, name="distribution"),
    path("distributions/<dist:distribution_id>/name", drafts.rename, name="rename"),
    path("distributions/<dist:distribution_id>/audience", drafts.audience, name="audience"),
    path("distributions/<dist:distribution_id>/codes", drafts.codes, name="codes"),
    path("distributions/<dist:distribution_id>/message", drafts.message, name="message"),
    path("distributions/<dist:distribution_id>/when", drafts.when, name="when"),
    path("distributions/<dist:distribution_id>/discard", drafts.discard, name="discard"),
    path("distributions/<dist:distribution_id>/review", review.review, name="review"),
    path("distributions/<dist:distribution_id>/recipients", review.suggest_recipients, name="suggest-recipients"),
    path("distributions/<dist:distribution_id>/preview", review.preview, name="preview"),
    path("distributions/<dist:distribution_id>/test", review.test, name="test"),
    path("distributions/<dist:distribution_id>/start", review.start, name="start"),
    path("distributions/<dist:distribution_id>/cancel", runs.cancel, name="cancel"),
    path("distributions/<dist:distribution_id>/pause", runs.pause, name="pause"),
    path("distributions/<dist:distribution_id>/resume", runs.resume, name="resume"),
    path("distributions/<dist:distribution_id>/stop", runs.stop, name="stop"),
    path("distributions/<dist:distribution_id>/retry", runs.retry, name="retry"),
    path("distributions/<dist:distribution_id>/unknown", unknown, name="unknown"),
    path("distributions/<dist:distribution_id>/send-kept", runs.send_kept, name="send-kept"),
    path("distributions/<dist:distribution_id>/duplicate", runs.duplicate, name="duplicate"),
    path("distributions/<dist:distribution_id>/recipients/<int:recipient_id>", runs.resolve, name="resolve"),
    path("publications/<pub:publication_id>/send-again", send_again, name="send-again"),
    path("codes/<v:voucher_id>/send-again", send_code_again, name="send-code-again"),
    path("unsubscribe/<str:token>", unsubscribe, name="unsubscribe"),
    path("messages/", outbox.outbox, name="outbox"),
    path("messages/<int:message_id>/", outbox.message, name="outbox-message"),
    path("messages/<int:message_id>/html", outbox.message_html, name="outbox-html"),
]
