"""How large a request may be; and what stops an upload of more than settings.UPLOAD_MAX_BYTES before it fills the disk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from config.processes.buffered_wsgi import in_chunks

FORM_FIELDS = 64 * 1024  # of the request, besides the file
LARGEST_OBJECT = 5 * 1024 * 1024  # a call of the API that says one thing
# The addresses of the API that take many codes or customers at once, as an array or as a file.
TAKE_ARRAYS = ("/import", "/bulk/async")
TAKES_FILE = "/importCSV"


def takes_array(path: str) -> bool:
    return path.endswith(TAKE_ARRAYS)


def largest_body(path: str) -> int:
    """How many bytes a call of the API to this address may send."""
    if path.endswith(TAKES_FILE):
        return settings.UPLOAD_MAX_BYTES + FORM_FIELDS
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE if takes_array(path) else LARGEST_OBJECT


def bytes_to_keep(environ: dict[str, Any]) -> int:
    """How many bytes of its body a view may want to read; 0 where it needs none to refuse the request. Of a body in chunks,
    of which nobody knows how long it is: how many it may have."""
    length, path = environ.get("CONTENT_LENGTH", ""), environ["PATH_INFO"]
    is_call, is_form = path.startswith("/v1/"), environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
    if is_call:
        most = largest_body(path)
    else:
        most = settings.UPLOAD_MAX_BYTES + FORM_FIELDS if is_form else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if "HTTP_TRANSFER_ENCODING" in environ:
        return most if in_chunks(environ) else 0
    if not length.isdecimal():
        return 0
    if (size := int(length)) <= most:
        return size
    return FORM_FIELDS if is_form and not is_call else 0  # what is before the file, for UploadLimit to speak up


def is_too_large(request: HttpRequest) -> bool:
    return _beyond(int(request.META.get("CONTENT_LENGTH") or 0))


def _beyond(content_length: int) -> bool:
    return content_length > settings.UPLOAD_MAX_BYTES + FORM_FIELDS


class UploadLimit(FileUploadHandler):
    """The first of settings.FILE_UPLOAD_HANDLERS. The fields before the file (the CSRF token) still arrive."""

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        self.request_length = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        # A file of somebody who has not signed in is of no use to any page. (A call of the API has no user: its key was
        # looked at before.)
        user = getattr(self.request, "user", None)
        stranger = user is not None and not user.is_authenticated
        if stranger or _beyond(self.request_length):
            if self.request:
                self.request.files_were_dropped = True  # type: ignore[attr-defined]  # for kept_forms.py
            raise StopUpload(connection_reset=False)  # the rest is read and dropped, so that the browser hears why

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
