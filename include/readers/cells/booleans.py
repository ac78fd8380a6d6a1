"""Yes and no, as exports and people write them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import TextColumn, trimmed
from include.readers.cells.reading import Reading
from include.readers.cells.steps import cast_whole

# The second line is what spreadsheets write for TRUE and FALSE in other languages.
YES = (
    *("true", "t", "yes", "y", "1"),
    *("wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "sant", "sand", "tosi", "prawda", "igaz", "истина"),
)
NO = (
    *("false", "f", "no", "n", "0"),
    *("falsch", "faux", "falso", "onwaar", "falskt", "falsk", "epätosi", "fałsz", "hamis", "ложь"),
)


def read_booleans(column: TextColumn, reading: Reading) -> pa.BooleanArray:
    """true, yes, y, t, 1 and their opposites in any case, or the column's own words; null for what is none of them."""
    own = bool(reading.true_words or reading.false_words)
    whole = None if own else cast_whole(column.cells, pa.bool_())
    if whole is not None:
        return whole
    words = pc.utf8_lower(trimmed(column))
    yes = pc.is_in(words, value_set=_words(reading.true_words if own else YES))
    no = pc.is_in(words, value_set=_words(reading.false_words if own else NO))
    return pc.if_else(pc.or_(yes, no), yes, pa.scalar(None, pa.bool_()))


def _words(words: tuple[str, ...]) -> pa.StringArray:
    return pa.array([word.strip().lower() for word in words], pa.string())
