"""Writes the rows of an import that were refused into a CSV file of their own: to mend, and to upload as it is."""

from __future__ import annotations

import tempfile
from pathlib import PurePosixPath

from django.core.files import File

from config.imports.csv.cells import marked
from config.imports.csv.columns import ERROR_FILE_ENDS
from config.imports.csv.encodings import UNREADABLE
from config.imports.csv.files import BYTE_ORDER_MARK, csv_line
from config.imports.csv.uploads import Row, read_csv
from config.imports.models import CsvImport


def write_error_file(csv_import: CsvImport) -> str:
    """The name of the file in the storage: the refused rows as they were uploaded, each with its number and what is wrong.

    It is UTF-8 with the upload's delimiter, so that the same spreadsheet opens it.
    The uploaded file is read once more beside the refused rows, so that neither has to be held.
    Written a second time, it replaces the first.
    """
    storage = csv_import.file.storage
    upload = PurePosixPath(str(csv_import.file))
    name = str(upload.with_name(f"{upload.stem}-errors.csv"))
    reading = csv_import.reading
    refused = csv_import.refused.order_by("row").values_list("row", "error").iterator()
    with tempfile.TemporaryFile() as errors, csv_import.file.open("rb") as file:
        headings, rows = read_csv(file, reading)
        if headings[-2:] == ERROR_FILE_ENDS:  # a mended error file with mistakes left in it
            headings = headings[:-2]
        if not reading.headed:  # mended, it is mapped again by what the columns became
            headings = [csv_import.mapping.get(str(at), heading) for at, heading in enumerate(headings)]
        errors.write(BYTE_ORDER_MARK + csv_line([*headings, *ERROR_FILE_ENDS], delimiter=reading.delimiter))
        number, error = next(refused, (None, ""))
        for row in rows:
            if row.number == number:
                cells = [*_fitted(row, len(headings), reading.delimiter), number, error]
                if csv_import.as_stored:  # the error file is for a spreadsheet
                    cells[:-2] = map(marked, cells[:-2])
                errors.write(csv_line(cells, delimiter=reading.delimiter))
                number, error = next(refused, (None, ""))
        storage.delete(name)
        return storage.save(name, File(errors))


def _fitted(row: Row, width: int, delimiter: str) -> list[str]:
    """As many cells as headings. Where the row has too many, the last holds the rest of them."""
    cells = [cell.replace(UNREADABLE, "�") for cell in row.cells]
    if row.problem and len(cells) > width:
        cells[width - 1 :] = [delimiter.join(cells[width - 1 :])]
    return (cells + [""] * width)[:width]
