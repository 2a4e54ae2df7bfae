"""Downloads that go on where they broke off: signed for one person, one file and a day, and written down once."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group
from django.core import signing
from django.urls import reverse

from config.staff.models import AuditEntry
from publications.exports import sign_download
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export, FileLayout
from publications.exports.report import order_report
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db


def made(export: Export) -> Export:
    make_export_file(export.pk)
    export.refresh_from_db()
    return export


def hand_out() -> Export:
    return made(order_hand_out(CampaignFactory(codes=3), count=3, for_whom="Print shop", by=STAFF))


def address_of(browser, export) -> str:
    return browser.post(reverse("exports:download", kwargs={"export_id": export.pk})).headers["Location"]


def content(answer) -> bytes:
    return b"".join(answer.streaming_content)


def stored(export) -> bytes:
    with export.file.open() as file:
        return file.read()


def audited() -> int:
    return AuditEntry.objects.filter(action="export.downloaded").count()


def test_what_broke_off_goes_on_and_is_one_download(signed_in):
    staff, export = signed_in("Manager"), hand_out()
    whole, address = stored(export), address_of(staff, export)

    first = staff.get(address)
    rest = staff.get(address, headers={"Range": "bytes=10-", "If-Range": first.headers["ETag"]})

    assert (first.status_code, content(first)) == (200, whole)
    assert (first.headers["ETag"], first.headers["Accept-Ranges"]) == (f'"{export.sha256}"', "bytes")
    assert (rest.status_code, content(rest)) == (206, whole[10:])
    assert rest.headers["Content-Range"] == f"bytes 10-{len(whole) - 1}/{len(whole)}"
    assert rest.headers["Content-Length"] == str(len(whole) - 10)
    assert rest.headers["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    export.refresh_from_db()
    assert (audited(), export.downloads) == (1, 1)


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-0", 206, slice(0, 1)),
        ("bytes=5-9", 206, slice(5, 10)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=-4", 206, slice(-4, None)),
        ("bytes=-99999999", 206, slice(None)),
        ("bytes=99999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-5", 416, None),
        ("bytes=-", 200, slice(None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=" + "9" * 5_000 + "-", 200, slice(None)),
    ],
)
def test_ranges(signed_in, asked, status, part):
    staff, export = signed_in("Manager"), hand_out()
    whole = stored(export)

    answer = staff.get(address_of(staff, export), headers={"Range": asked})

    assert answer.status_code == status
    if part is None:
        assert (answer.content, answer.headers["Content-Range"]) == (b"", f"bytes */{len(whole)}")
    else:
        assert content(answer) == whole[part]


def test_another_file_under_the_same_name_is_sent_whole(signed_in):
    staff, export = signed_in("Manager"), hand_out()
    address = address_of(staff, export)

    changed = staff.get(address, headers={"Range": "bytes=10-", "If-Range": '"0123"'})
    known = staff.get(address, headers={"If-None-Match": f'"{export.sha256}"'})
    head = staff.head(address)

    assert (changed.status_code, content(changed)) == (200, stored(export))
    assert (known.status_code, known.content) == (304, b"")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(export.size))


def test_nobody_else_gets_it(signed_in, client):
    first, second, exporter = signed_in("Manager"), signed_in("Manager"), signed_in("Exporter")
    export, other = hand_out(), hand_out()
    address = address_of(first, export)
    token = urlsplit(address).query

    assert second.get(address).status_code == 403
    assert exporter.get(address).status_code == 403
    assert client.get(address).headers["Location"].startswith(reverse("login"))
    assert first.get(reverse("exports:file", kwargs={"export_id": other.pk}) + "?" + token).status_code == 403
    for made_up in ("", "?token=", "?token=a:b:c", "?" + token[:-1] + ("A" if token[-1] != "A" else "B")):
        assert first.get(reverse("exports:file", kwargs={"export_id": export.pk}) + made_up).status_code == 403
    key_token = signing.dumps([export.pk, first.user.pk], salt="publications.exports.sign_download")
    assert first.get(address.partition("?")[0] + f"?token={key_token}").status_code == 403
    assert first.post(address).status_code == 405


def test_after_a_day_or_without_the_role_it_is_over(signed_in, monkeypatch):
    staff, export = signed_in("Manager"), hand_out()
    address = address_of(staff, export)

    monkeypatch.setattr(sign_download, "VALID", timedelta(seconds=-1))
    late = staff.get(address)
    monkeypatch.undo()
    staff.user.groups.set([Group.objects.get(name="Exporter")])  # a hand-out needs Operator as well

    assert (late.status_code, b"more than a day old" in late.content) == (403, True)
    assert staff.get(address).status_code == 403
    staff.user.is_active = False
    staff.user.save()
    assert staff.get(address).status_code == 302


def test_a_workbook_is_sent_as_one(signed_in):
    staff = signed_in("Exporter")
    export = made(order_report("codes", by=STAFF, layout=FileLayout(format="xlsx")))

    answer = staff.get(address_of(staff, export))

    assert answer.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert content(answer) == stored(export)
