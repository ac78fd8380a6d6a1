"""Writes a profile from another system's file: guessed columns, what is unsure as a comment with the reason.

The profile holds headers, never a value. What is set in it is sure enough to be tried; `check FILE --profile` shows
what it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from include.contracts import Column, ColumnType, Contract
from include.errors import FileError
from include.pipelines.commerce.delivery.extract import DATASET_FILE
from include.pipelines.commerce.profiles.header_words import HEADER_WORDS
from include.pipelines.commerce.records import CONTRACTS
from include.pipelines.tables.draft import form_lines, text
from include.readers.blocks import Part
from include.readers.families import Families, find_families
from include.readers.headers import header_key
from include.readers.profile import Profile, read_profile
from include.readers.sniffing.column_survey import ColumnSurvey
from include.readers.sniffing.survey import HALF, FileSurvey, survey_file
from include.sources.files import list_file

# How alike two names are, 0 to 1 (difflib's ratio): from here on the same thing is meant, or may be.
ALIKE, SIMILAR = 0.88, 0.66
# Above all likeness: the contract's own name, one of its aliases, a word of another language.
OWN, ALIAS, WORD = 4.0, 3.0, 2.0

# Headers of a profile that a file must have, and their least share, for the profile to be that of its system.
LEAST_KNOWN, KNOWN_SHARE = 3, 0.8

SHAPED = (ColumnType.TIMESTAMP, ColumnType.DATE, ColumnType.DECIMAL, ColumnType.INTEGER, ColumnType.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Guess:
    """A header for a column of the contract. `score`: see OWN and its like; `share` of the values that can be read."""

    column: Column
    header: ColumnSurvey
    score: float
    share: float

    @property
    def sure(self) -> bool:
        return self.score >= (ALIKE if self.share == 1 else WORD) and self.share > HALF

    @property
    def found_anyway(self) -> bool:
        """Whether a load finds the column without any profile."""
        return self.score >= ALIAS

    @property
    def reason(self) -> str:
        """Why this header, in words."""
        if self.share < 1:
            how = "by its name, but" if self.sure else "unsure:"
            return f"{how} not all of its values can be read as {self.column.type}"
        if self.score >= WORD:
            return "by its name"
        how = "nearly" if self.score >= ALIKE else "unsure: only somewhat"
        return f"{how} like a name of this column ({self.score:.2f})"


def draft_profile(
    url: str,
    contract: str | None = None,
    storage: Mapping[str, Any] | None = None,
    profiles: Path | None = None,
) -> str:
    """Reads a whole file and writes a profile for it, as YAML with comments.

    Args:
        url: path or URL of the file.
        contract: what the file holds; else told by its name, or by what its headers are most like.
        storage: options of fsspec, for object stores.
        profiles: the folder of those that are there; one whose headers the file has is the answer.

    Raises:
        UsageError: there is no such file.
        FileError: the file cannot be read as a whole, or its headers are like those of no contract.
    """
    file = list_file(url, storage)
    survey = survey_file(Part(file.url, file.name, file.size, "", file.modified), Profile.none(), storage)
    known = _known(survey.dialect.header, profiles, contract) if profiles else None
    if known:
        name = text(file.name)
        head = f"# The headers of {name} are those of the profile {known.stem}, which is there already:\n"
        return f"{head}#   ./longshore check {name} --profile {known.stem}\n{known.read_text(encoding='utf-8')}"
    chosen = CONTRACTS[contract] if contract else _choose(file.name, survey)
    guesses = guess_columns(survey, chosen)
    return "\n".join((*_head(survey, file.name, chosen), *_dataset(survey, chosen, guesses), ""))


def _known(header: Sequence[str], folder: Path, contract: str | None) -> Path | None:
    """The profile that names most of the file's headers, and hardly any that the file has not."""
    present = {cell.strip() for cell in header}
    fits: list[tuple[int, Path]] = []
    for path in sorted(folder.glob("*.yaml")):
        for dataset, found in read_profile(path, folder).datasets.items():
            named = set(found.columns.values())
            fitting = len(named & present)
            if contract in {None, dataset} and fitting >= max(LEAST_KNOWN, KNOWN_SHARE * len(named)):
                fits.append((fitting, path))
    return max(fits, default=(0, None))[1]


def guess_columns(survey: FileSurvey, contract: Contract) -> list[Guess]:
    """At most one header for each column, and one column for each header, the best guesses first."""
    twice = Counter(header_key(column.header) for column in survey.columns)
    usable = [column for column in survey.columns if column.header and twice[header_key(column.header)] == 1]
    possible = [
        Guess(column, header, score, survey.share(header, column.type))
        for column in contract.columns
        if column.family is None  # its headers are found by their form, or not at all
        for header in usable
        if (score := _score(column, header.header)) >= SIMILAR
    ]
    order = {name: position for position, name in enumerate(contract.names)}
    possible.sort(key=lambda guess: (not guess.sure, -guess.score, order[guess.column.name], guess.header.position))
    columns: set[str] = set()
    headers: set[int] = set()
    guesses = []
    for guess in possible:
        if guess.column.name not in columns and guess.header.position not in headers:
            columns.add(guess.column.name)
            headers.add(guess.header.position)
            guesses.append(guess)
    return guesses


def _score(column: Column, header: str) -> float:
    key = header_key(header)
    if key == header_key(column.name):
        return OWN
    if key in map(header_key, column.aliases):
        return ALIAS
    words = [header_key(word) for word in HEADER_WORDS.get(column.name, ())]
    if key in words:
        return WORD
    names = (header_key(column.name), *map(header_key, column.aliases), *words)
    return max(SequenceMatcher(None, key, name, autojunk=False).ratio() for name in names)


def _choose(name: str, survey: FileSurvey) -> Contract:
    match = DATASET_FILE.match(name)
    if match:
        return CONTRACTS[match.group(1).lower()]
    scores = {
        contract.name: sum(min(guess.score, 1.0) for guess in guess_columns(survey, contract) if guess.sure)
        - len(_open_demands(contract, guess_columns(survey, contract)))
        for contract in CONTRACTS.values()
    }
    best = max(scores, key=lambda contract: scores[contract])
    if scores[best] <= 0:
        raise FileError(
            f"{name}: its headers are like those of no contract.", f"Say it: --dataset {'|'.join(CONTRACTS)}."
        )
    return CONTRACTS[best]


def _open_demands(contract: Contract, guesses: Sequence[Guess]) -> list[tuple[str, ...]]:
    """The columns, of which one is needed each time, that no sure guess fills."""
    filled = {guess.column.name for guess in guesses if guess.sure}
    demands = [*((column.name,) for column in contract.columns if column.required), *contract.any_of]
    return [names for names in demands if filled.isdisjoint(names)]


def _head(survey: FileSurvey, file: str, contract: Contract) -> Iterator[str]:
    yield f"# Made from {text(file)}: {survey.rows} rows, taken for {contract.name}. Look at what is in comments; then:"
    yield f"#   ./longshore check FILE --dataset {contract.name} --profile THIS_FILE"
    if survey.encoding.assumed:
        yield f"encoding: {survey.encoding.encoding}  # assumed: nothing in the file decides"
    if survey.dialect.assumed:
        yield f"delimiter: {text(survey.dialect.delimiter)}  # assumed: nothing in the file decides"
    yield from form_lines(survey)
    yield "# time_zone: Europe/Berlin  # of times without an offset, where it is not the store's"


def _dataset(survey: FileSurvey, contract: Contract, guesses: Sequence[Guess]) -> Iterator[str]:
    yield "datasets:"
    yield f"  {contract.name}:"
    set_here = [guess for guess in guesses if guess.sure and not guess.found_anyway]
    yield "    columns:" if set_here else "    columns: {}"
    for guess in sorted(guesses, key=lambda guess: guess.header.position):
        yield from _column(guess)
    yield from _demands(survey, contract, guesses)
    yield from _rest(survey, contract, guesses)


def _column(guess: Guess) -> Iterator[str]:
    line = f"{guess.column.name}: {text(guess.header.header)}"
    if guess.column.personal:
        yield f"      # {line}  # personal: not loaded unless `personal: [{guess.column.name}]` stands here too"
    elif guess.sure and guess.found_anyway:
        yield f"      # {line}  # found by itself"
    else:
        yield f"      {'' if guess.sure else '# '}{line}  # {guess.reason}"


def _demands(survey: FileSurvey, contract: Contract, guesses: Sequence[Guess]) -> Iterator[str]:
    """What the contract needs and no sure guess fills, with headers whose values would do."""
    used = {guess.header.position: guess.column.name for guess in guesses if guess.sure}
    for names in _open_demands(contract, guesses):
        yield f"      # REQUIRED, and nothing fits surely: {' or '.join(names)}. Without it the file cannot be loaded."
        for name in names:
            for header in _fitting(survey, contract.column(name), used):
                instead = f", instead of {used[header.position]}" if header.position in used else ""
                yield f"      # {name}: {text(header.header)}  # its values would fit{instead}"


def _fitting(survey: FileSurvey, column: Column, used: Mapping[int, str]) -> Iterator[ColumnSurvey]:
    """Headers whose values fit; of those that feed a column already, codes only, which may name another thing too."""
    for found in survey.columns:
        if not found.header or not found.filled or not survey.fits(found, column.type):
            continue
        kind = survey.type_of(found)
        if column.type not in SHAPED and kind not in {ColumnType.IDENTIFIER, ColumnType.INTEGER}:
            continue
        if found.position not in used or kind is column.type is ColumnType.IDENTIFIER:
            yield found


def _families(survey: FileSurvey, contract: Contract, used: Collection[int]) -> Families:
    forms = {column.name: column.family for column in contract.columns if column.family}
    return find_families(survey.dialect.header, forms, used, part=survey.name)


def _rest(survey: FileSurvey, contract: Contract, guesses: Sequence[Guess]) -> Iterator[str]:
    if "currency" in contract.names and not any(guess.column.name == "currency" for guess in guesses):
        yield "    # constants:"
        yield "    #   currency: EUR  # where all rows have the one value, and the file does not say it"
    used = {guess.header.position for guess in guesses}
    for name, members in _families(survey, contract, used).items():
        used |= set(members.values())
        form = text(str(contract.column(name).family))
        yield f"    # {name}: {form}  # found by itself, for {', '.join(map(text, members))}"
    others = [text(column.header) for column in survey.columns if column.header and column.position not in used]
    for start in range(0, len(others), 4):
        yield f"    # feeds no column: {', '.join(others[start : start + 4])}"
