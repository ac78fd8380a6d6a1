"""Whether a file's first record names its columns, and what stands above the record that does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from include.readers.sniffing.dialect import Cells

# Records that may stand above a header: titles, dates of export, filters.
MOST_NOTES = 20
# The least share of a header's cells that are filled, below notes.
FILLED_SHARE = 0.6

# Cells by kind; the first pattern that fits says which. Numbers may have currencies and thousands signs: nothing is
# read here, a kind is told from another one.
KINDS = (
    ("number", re.compile(r"[-+(]?[$€£¥]?\s?[-+]?(?:[0-9]+(?:[., '][0-9]+)*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s?[%)€]?")),
    ("date", re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[T ].*)?")),
    ("date", re.compile(r"[0-9]{1,2}[- ][A-Za-z]{3,9}[- ,]+[0-9]{2,4}(?:[T ].*)?")),
    ("clock", re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?[AaPp][Mm])?")),
    ("boolean", re.compile(r"true|false", re.IGNORECASE)),
    ("address", re.compile(r"(?:https?|ftp)://\S+|www\.\S+|[^@\s]+@[^@\s]+\.[^@\s]+")),
)
TYPED = frozenset({"number", "date", "clock", "boolean"})
NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none", r"\n", "-", "?", "."})

# Years that stand above columns of figures.
YEAR = re.compile(r"(?:1[5-9]|20|21)[0-9]{2}")

# Words of which headers are made, in the languages of the files that we have seen.
WORDS = frozenset(
    [
        "id",
        "ids",
        "key",
        "code",
        "codes",
        "name",
        "names",
        "title",
        "titles",
        "type",
        "types",
        "kind",
        "category",
        "categories",
        "class",
        "group",
        "status",
        "state",
        "date",
        "dates",
        "day",
        "month",
        "year",
        "time",
        "timestamp",
        "created",
        "updated",
        "start",
        "end",
        "from",
        "to",
        "count",
        "total",
        "sum",
        "amount",
        "price",
        "prices",
        "cost",
        "value",
        "values",
        "quantity",
        "qty",
        "unit",
        "units",
        "number",
        "no",
        "nr",
        "num",
        "rate",
        "ratio",
        "percent",
        "score",
        "rank",
        "index",
        "description",
        "desc",
        "text",
        "note",
        "notes",
        "comment",
        "comments",
        "label",
        "tag",
        "tags",
        "url",
        "uri",
        "link",
        "links",
        "email",
        "mail",
        "phone",
        "fax",
        "address",
        "street",
        "city",
        "town",
        "zip",
        "postcode",
        "country",
        "countries",
        "region",
        "area",
        "lat",
        "latitude",
        "lon",
        "lng",
        "long",
        "longitude",
        "first",
        "last",
        "user",
        "users",
        "author",
        "authors",
        "artist",
        "album",
        "song",
        "genre",
        "language",
        "lang",
        "currency",
        "sku",
        "product",
        "products",
        "item",
        "items",
        "order",
        "orders",
        "customer",
        "customers",
        "company",
        "supplier",
        "vendor",
        "brand",
        "model",
        "color",
        "colour",
        "size",
        "weight",
        "height",
        "width",
        "length",
        "version",
        "source",
        "target",
        "file",
        "path",
        "gender",
        "sex",
        "age",
        "birthday",
        "iso",
        "iata",
        "sequence",
        "function",
        "constraint",
        "column",
        "columns",
        "table",
        "question",
        "answer",
        "message",
        "nummer",
        "bezeichnung",
        "artikel",
        "artikelnummer",
        "preis",
        "menge",
        "datum",
        "betrag",
        "kunde",
        "ort",
        "plz",
        "strasse",
        "land",
        "nom",
        "prenom",
        "prix",
        "ville",
        "pays",
        "nombre",
        "fecha",
        "precio",
        "cantidad",
        "ciudad",
        "pais",
        "descripcion",
        "codigo",
        "cliente",
        "importe",
        "valor",
        "nome",
        "data",
        "prezzo",
        "descrizione",
        "naam",
        "prijs",
        "aantal",
        "имя",
        "название",
        "дата",
        "сумма",
        "цена",
        "количество",
        "код",
        "номер",
        "番号",
        "名前",
        "日付",
        "価格",
    ]
)
# Letters between which a word of a header ends: `createdAt`, `created_at`, `Created At`.
WORD_ENDS = re.compile(r"[\W_]+|(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")

# A header's cell as people write one: a few words that begin with a letter.
NAME_LIKE = re.compile(r"[^\W\d_][^\n]{0,39}")
MOST_WORDS = 4
# Cells of one length and shape from which on the shape is the column's.
SHAPED_CELLS = 4


def header_row(rows: Sequence[Cells]) -> int:
    """The index of the record at which the table begins, header or data: notes stand above it.

    A note fills its first cell alone, or has other cells than the table. The record below must fill most of its cells.
    """
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    notes = 0
    while notes < min(len(rows) - 1, MOST_NOTES) and _is_note(rows[notes], width):
        notes += 1
    if notes == 0 or not _fills(rows[notes], width):
        notes = 0
    # A header that a program has written twice, or more often.
    while notes + 1 < len(rows) and rows[notes] == rows[notes + 1] and _names_columns(rows[notes]):
        notes += 1
    return notes


def _is_note(cells: Cells, width: int) -> bool:
    filled = [place for place, cell in enumerate(cells) if cell and cell.strip()]
    if width < 2 or len(filled) > 2:  # more cells than a note's label and its value
        return False
    if len(cells) != width:
        return len(cells) == 1 or len(filled) * 2 < width
    return filled in ([], [0]) and width > 2  # of two cells one may be blank


def _fills(cells: Cells, width: int) -> bool:
    return len(cells) == width and sum(1 for cell in cells if cell and cell.strip()) >= FILLED_SHARE * width


def _names_columns(cells: Cells) -> bool:
    return any(cells) and all(kind_of(cell) == "text" for cell in cells if cell)


def has_header(first: Cells, data: Sequence[Cells]) -> bool | None:
    """Whether the first record is a header; None where nothing tells.

    A cell unlike the numbers, dates or codes below it is a name; a number above numbers, a value that comes again below
    it, a URL are data. Where all is text, words that headers are made of and cells that look like names decide.
    """
    if not data or not any(cell and cell.strip() for cell in first):
        return True
    votes = [vote for place, cell in enumerate(first) for vote in _votes(cell, _column(data, place))]
    names, values = (sum(vote for vote in votes if vote * sign > 0) * sign for sign in (1, -1))
    if values and _are_years(first, data):
        return True
    if names != values:
        return names > values
    return _by_words(first, data)


def _column(data: Sequence[Cells], place: int) -> list[str]:
    cells = ((cells[place] or "").strip() if place < len(cells) else "" for cells in data)
    return [cell for cell in cells if cell.lower() not in NOTHING]


def _votes(cell: str | None, column: Sequence[str]) -> Iterator[float]:
    """Positive for a name, negative for a value."""
    text = (cell or "").strip()
    if text.lower() in NOTHING or not column:
        return
    kind, kinds = kind_of(text), {kind_of(value) for value in column}
    if kind == "address":
        yield -2.0
    elif len(kinds) == 1 and kinds <= TYPED:
        yield -2.0 if kind in kinds else 2.0
    elif kind in TYPED and kind in kinds:
        yield -0.5
    elif text in column:
        yield -1.0
    elif len(column) >= SHAPED_CELLS and len(shapes := set(map(_shape, column))) == 1:
        yield -1.0 if _shape(text) in shapes else 1.0


def _are_years(first: Cells, data: Sequence[Cells]) -> bool:
    """Whether the numbers of a first record are years, one after the other, above figures that are not."""
    places = [place for place, cell in enumerate(first) if cell and kind_of(cell) == "number"]
    years = [(first[place] or "").strip() for place in places]
    if len(years) < 2 or years not in (sorted(set(years)), sorted(set(years), reverse=True)):  # a row
        return False
    below = [cell for place in places for cell in _column(data, place)]
    return all(map(YEAR.fullmatch, years)) and not all(map(YEAR.fullmatch, below))


def _by_words(first: Cells, data: Sequence[Cells]) -> bool | None:
    cells = [cell.strip() for cell in first if cell and cell.strip()]
    if len(set(cells)) < len(cells):
        return None
    known = sum(any(word.lower() in WORDS for word in WORD_ENDS.split(cell)) for cell in cells)
    if known * 2 >= len(cells):
        return True
    if not all(NAME_LIKE.fullmatch(cell) and len(cell.split()) <= MOST_WORDS for cell in cells):
        return None
    # Names above what is no name: texts, codes with digits, lists.
    unlike = sum(
        not NAME_LIKE.fullmatch(cell) or len(cell.split()) > MOST_WORDS for row in data for cell in row if cell
    )
    filled = sum(1 for row in data for cell in row if cell)
    return True if known or unlike * 10 > filled else None


def kind_of(cell: str) -> str:
    """The kind of a cell: number, date, clock, boolean, address or text."""
    text = cell.strip()
    return next((kind for kind, pattern in KINDS if pattern.fullmatch(text)), "text")


def _shape(text: str) -> str:
    """The text with each letter and digit as a sign of its kind: `A12` and `B07` are alike."""
    return "".join("A" if c.isupper() else "a" if c.isalpha() else "9" if c.isdigit() else c for c in text)
