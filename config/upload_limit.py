"""Stops an upload that is larger than settings.UPLOAD_MAX_BYTES before it fills the disk."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

FORM_FIELDS = 64 * 1024  # of the request, besides the file


def is_too_large(request) -> bool:
    return _beyond(int(request.META.get("CONTENT_LENGTH") or 0))


def _beyond(content_length: int) -> bool:
    return content_length > settings.UPLOAD_MAX_BYTES + FORM_FIELDS


class UploadLimit(FileUploadHandler):
    """The first of settings.FILE_UPLOAD_HANDLERS. The fields before the file (the CSRF token) still arrive."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.request_length = content_length

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        if _beyond(self.request_length):
            raise StopUpload(connection_reset=False)  # the rest is read and dropped, so that the browser hears why

    def receive_data_chunk(self, raw_data, start):
        return raw_data

    def file_complete(self, file_size):
        return None
