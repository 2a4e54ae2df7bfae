"""What the first rows of a file become, before anything is imported: each as it will be stored, and what is to be said of
all of them, each thing once with its count."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction

from config.imports.csv.columns import Field
from config.imports.csv.encodings import ENCODINGS, telling_line
from config.imports.csv.find_formats import sentences
from config.imports.csv.known_files import known_file
from config.imports.csv.overlooked import overlooked
from config.imports.csv.ruined import marked_as_text, ruined_cells, shown_as_percentages
from config.imports.csv.uploads import NotCsv, Row, read_csv
from config.imports.models import CsvImport
from config.imports.run_import import Importer, ImportImpossible, Refused, check, next_chunk, take_in
from config.imports.staged_rows import create_tables, drop_tables

SURVEYED = 5_000  # rows
SHOWN = 10  # rows
NAMED = 5  # rows of a problem
FILE_IS_GONE = "The uploaded file no longer exists. Upload it again."
_QUOTED = re.compile(r"[“'][^”']{0,200}[”']")
_ROW = re.compile(r"\b(row|object|has|have) [\d,]+")


class Problem(NamedTuple):
    """One thing that is wrong with some rows."""

    sentence: str  # as it is said of the first of them
    times: int
    rows: list[int]  # the first few

    @property
    def others(self) -> int:
        return self.times - len(self.rows)


class Shown(NamedTuple):
    number: int
    values: list[str]  # as they will be stored, one for each column that is imported
    problem: str
    ruined: bool = False


class Survey(NamedTuple):
    headings: list[str]
    samples: list[list[str]]  # of each column, as they stand in the file
    rows: list[Shown]
    problem: str = ""  # why the file cannot be read in this way
    surveyed: int = 0
    complete: bool = True  # there are no further rows
    refused: int = 0  # of those surveyed
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()  # of rows that can be imported, but should not be as they are
    notes: Sequence[str] = ()

    @property
    def hopeless(self) -> bool:
        """No row can be imported with these settings."""
        return bool(self.problem) or (self.complete and self.refused == self.surveyed)


def survey(draft: CsvImport, importer: Importer, fields: Sequence[Field], ignored: Sequence[str] = ()) -> Survey:
    """As the draft says that the file is to be read. A row is refused also where its code or customer is known here
    already, or stands in an earlier row: by the statements of the import itself."""
    try:
        with draft.file.open("rb") as file:
            headings, further = read_csv(file, draft.reading)
            importer.prepare(headings)
            rows = next_chunk(further, SURVEYED)
            complete = next(further, None) is None
            notes = [_about_encoding(file, draft)] if draft.encoding_guessed else []
    except (NotCsv, ImportImpossible) as impossible:
        return Survey([], [], [], str(impossible))
    except FileNotFoundError:
        return Survey([], [], [], FILE_IS_GONE)
    refused, remarks = _refused(rows, importer)
    if not draft.headed:
        notes.append("The first row holds data, not headings, so it is imported too.")
    readable = [row.cells for row in rows if not row.problem]
    kinds = kinds_of(draft.mapping, fields)
    notes += remarks + sentences(readable, kinds, draft.formats)
    notes += [] if draft.as_stored or draft.workbook else marked_as_text(readable, kinds, headings)
    ruined = ruined_cells([(row.number, row.cells) for row in rows if not row.problem], kinds, headings)
    if draft.headed and (known := known_file(headings, fields)):
        notes.insert(0, f"Recognized as {known.name}, so its columns are matched.")
    unmapped = [Problem(sentence, 0, []) for sentence in overlooked(headings, readable, draft.mapping, fields, ignored)]
    if draft.workbook:
        unmapped += [Problem(sentence, 0, []) for sentence in shown_as_percentages(readable, kinds, headings)]
    suspect = {number for each in ruined for number in each.rows}
    return Survey(
        headings,
        _samples(readable, len(headings)),
        [_shown(row, importer, draft, refused, suspect) for row in rows[:SHOWN]],
        surveyed=len(rows),
        complete=complete,
        refused=len(refused),
        problems=_grouped(list(refused.values())),
        warnings=[*(Problem(each.sentence, len(each.rows), each.rows[:NAMED]) for each in ruined), *unmapped],
        notes=notes,
    )


def kinds_of(mapping: Mapping[str, str], fields: Sequence[Field]) -> dict[int, str]:
    """{place of a column: kind of the field that it becomes}"""
    kinds = {field.name: field.kind for field in fields}
    return {int(place): kind for place, name in mapping.items() if (kind := kinds.get(name))}


def _about_encoding(file: Any, draft: CsvImport) -> str:
    line = telling_line(file, draft.encoding)
    name = ENCODINGS.get(draft.encoding, draft.encoding)
    return f"The file does not say which encoding it uses; {name} is a guess. Does this line look right? “{line}”"


def _refused(rows: list[Row], importer: Importer) -> tuple[dict[int, Refused], list[str]]:
    if not rows:
        return {}, []
    good, wrong = check(importer, rows)
    after = rows[0].number - 1
    with transaction.atomic(), connection.cursor() as cursor:
        create_tables(cursor, importer.columns)
        refused = take_in(cursor, importer, good, wrong, after=after, afresh=False)
        refused += importer.foresee(cursor, after)
        remarks = importer.remarks(cursor, [refusal.row for refusal in refused])
        drop_tables(cursor)
    return {refusal.row: refusal for refusal in sorted(refused)}, remarks


def _grouped(refused: Sequence[Refused]) -> list[Problem]:
    """The same problem of many rows once, the commonest first."""
    found: dict[str, Problem] = {}
    for refusal in refused:
        for sentence in refusal.problems or (refusal.error,):
            kind = _ROW.sub(r"\1", _QUOTED.sub("", sentence))
            problem = found.setdefault(kind, Problem(sentence, 0, []))
            rows = problem.rows if len(problem.rows) == NAMED else [*problem.rows, refusal.row]
            found[kind] = problem._replace(times=problem.times + 1, rows=rows)
    return sorted(found.values(), key=lambda problem: -problem.times)


def _samples(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    return [
        list(dict.fromkeys(row[at] for row in rows[:SHOWN] if at < len(row) and row[at]))[:3] for at in range(width)
    ]


def _shown(
    row: Row, importer: Importer, draft: CsvImport, refused: Mapping[int, Refused], suspect: Collection[int]
) -> Shown:
    places = sorted(map(int, draft.mapping))
    values = [""] * len(places)
    if not row.problem:
        stored = importer.stored(row.cells)
        values = [in_words(stored.get(place), draft) for place in places]
    problem = refused.get(row.number)
    return Shown(row.number, values, problem.error if problem else "", row.number in suspect)


def in_words(value: Any, draft: CsvImport) -> str:
    """A value as a person reads it; a moment in the time zone of the import."""
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case datetime():
            local = value.astimezone(draft.formats.zone)
            seconds = ":%S" if local.second else ""
            return f"{local.day} {local.strftime(f'%b %Y, %H:%M{seconds}')}"
        case date():
            return f"{value.day} {value:%b %Y}"
        case Decimal():
            return f"{value.normalize():f}"
        case dict():
            return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)
