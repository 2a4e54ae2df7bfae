"""A file that browsers can request in pieces (RFC 9110, section 14): an interrupted download resumes where it stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.core.files import File
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def file_in_ranges(request: HttpRequest, file: File, *, size: int, etag: str) -> HttpResponseBase:
    """The whole file, or the one requested range if the file has not changed since.

    Several ranges at once, and invalid ones, get the whole file, as the RFC allows.
    """
    tag = f'"{etag}"'
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        file.close()
        return _tagged(HttpResponse(status=304), tag)
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not asked or asked[0] == "bytes=-" or request.headers.get("If-Range", tag) != tag:
        whole = FileResponse(file)
        whole.block_size = BLOCK
        whole["Content-Length"] = str(size)
        return _tagged(whole, tag)
    first, last = _bounds(asked[1], asked[2], size)
    if first > last or first >= size:
        file.close()
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return _tagged(response, tag)
    part = StreamingHttpResponse(_piece(file, first, last), status=206)
    part["Content-Range"] = f"bytes {first}-{last}/{size}"
    part["Content-Length"] = str(last - first + 1)
    return _tagged(part, tag)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Of "500-999", "500-" and "-500" (the last 500)."""
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) else (size, size)
    return int(first), min(int(last or size), size - 1) if not last or int(last) >= int(first) else -1


def _piece(file: File, first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def _tagged(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response["ETag"] = tag
    response["Accept-Ranges"] = "bytes"
    return response
