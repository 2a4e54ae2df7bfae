"""One call on the express lane: what it asks for, as the ordinary way would read it, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, get_resolver

from campaigns.models import Campaign
from config.api.auth import MAY_PUBLISH, Keys
from config.api.bodies import StrictParser
from config.api.cross_origin import cross_origin
from config.api.door import check, error_response, let_in, let_out, to_json
from config.processes.buffered_wsgi import Answer, Environ
from config.public_ids import CUSTOMER, key_of
from customers.actions.upsert import clean_customer, merged_changes
from customers.models import Customer
from publications.actions.publish import FromPool
from publications.answers.answers import published_answer
from publications.api.publications import PublicationSent, how_sent
from publications.lane.lane import PATH
from publications.models import Publication

JSON = "application/json; charset=utf-8"
read_body = StrictParser().parse_body


class NotForTheLane(Exception):
    """Something that the ordinary way does, or refuses."""


class Call:
    """Each step raises where the call is not the common case: NotForTheLane, or what the ordinary way would refuse it by.
    Nothing has been touched by then, and the ordinary way begins anew."""

    attempt: FromPool
    publication: Publication | None = None  # once it is answered by one
    problem: Exception | None = None  # or by this, and must not be tried again

    def __init__(self, environ: Environ) -> None:
        """Reads it. Its body can then be read again."""
        self.request: HttpRequest = WSGIRequest(environ)
        let_in(self.request)
        try:
            check(self.request)
            self.request.resolver_match = _match()
            self.sent = PublicationSent.model_validate(read_body(self.request))
        finally:
            environ["wsgi.input"].seek(0)
        sent = self.sent
        if sent.voucher or not sent.campaign or (sent.campaign.count or 1) != 1 or not sent.customer:
            raise NotForTheLane
        self.customer = sent.customer.given()
        self.fields = clean_customer(self.customer)
        self.source_id = self.fields.pop("source_id", None)  # of the customer
        self.key = key_of(CUSTOMER, self.customer["id"]) if self.customer.get("id") else None
        # One who has neither is new each time, and would be made twice if the ordinary way had to take over.
        if self.key is None and (self.customer.get("id") or self.source_id is None):
            raise NotForTheLane

    def admit(self, keys: Keys) -> None:
        self.request.auth = MAY_PUBLISH.admit(self.request, keys)  # type: ignore[attr-defined]  # as ninja sets it

    def begin(self, campaigns: Mapping[str, Campaign]) -> None:
        assert self.sent.campaign
        campaign = campaigns.get(self.sent.campaign.name)
        if campaign is None:
            raise NotForTheLane
        how = how_sent(self.request, self.sent)
        how["join_once"] = how["join_once"] or campaign.join_once
        self.attempt = FromPool(campaign, quantity=1, **how)
        self.attempt.name_by(self.customer)
        # What can be no repeat goes the ordinary way before its customer is looked for.
        if self.attempt.request.source_id is None and not how["join_once"] and not self.attempt.looks_served():
            raise NotForTheLane

    def answer_as_repeat(self, earlier: Mapping[str, Publication]) -> None:
        """Where one of these, by source_id, is the answer already."""
        if found := earlier.get(self.attempt.request.source_id or ""):
            self.publication = self.attempt.repeat_of(found)

    def give_to_one_of(self, by_key: Mapping[int, Customer], by_source_id: Mapping[str | None, Customer]) -> None:
        customer = by_source_id.get(self.source_id or "") if self.key is None else by_key.get(self.key)
        if customer is None or (self.source_id is not None and self.source_id != customer.source_id):
            raise NotForTheLane
        if merged_changes(customer, self.fields):
            raise NotForTheLane  # the profile changes
        self.attempt.belong_to(customer)

    def answer(self) -> Answer | None:
        """What the client gets; None: nothing from here."""
        if self.problem:
            response = error_response(self.request, self.problem)
        elif self.publication:
            response = self._published(self.publication)
        else:
            return None
        response = cross_origin(lambda request: let_out(request, response))(self.request)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
        return Answer(response.status_code, headers, response.content)

    def _published(self, publication: Publication) -> HttpResponse:
        try:
            return HttpResponse(to_json(published_answer(publication)), content_type=JSON)
        except Exception as problem:
            return error_response(self.request, problem)


@cache
def _match() -> ResolverMatch:
    return get_resolver().resolve(PATH)
