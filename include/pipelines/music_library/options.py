"""What decides how files become rows; a change of any of it makes every file due again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.contracts import fingerprint

# Raised whenever the same bytes would become other rows.
VERSION = 1

# What parts several artists within one text, in the order in which it is looked for. The comma comes last: a credit
# with another separator has it within names.
SEPARATORS = (";", " / ", "/", " feat. ", " feat ", " ft. ", " ft ", " featuring ", " vs. ", " vs ", ", ")

# Names that hold a separator. Compared without regard to case; a site adds its own.
WHOLE_NAMES = (
    "AC/DC",
    "Tyler, the Creator",
    "Earth, Wind & Fire",
    "Emerson, Lake & Palmer",
    "Crosby, Stills & Nash",
    "Crosby, Stills, Nash & Young",
    "Peter, Paul and Mary",
    "Blood, Sweat & Tears",
    "Au/Ra",
    "GZA/Genius",
    "M/A/R/R/S",
    "Dave Dee, Dozy, Beaky, Mick & Tich",
    "Either/Orchestra",
    "Now, Now",
    "Oh, Sleeper",
    "Hey, Marseilles",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How a library is read.

    `separators` part artists within one text, `whole_names` are the exceptions (both above). `legacy_encodings`: what
    texts declared as Latin-1 may be in. `audio_hash`: `sampled` reads three blocks of the audio, `full` all of it.
    `sheets`: whether cue sheets beside a file are looked for. `various_artists`: album artists that name no artist.
    """

    separators: tuple[str, ...] = SEPARATORS
    whole_names: tuple[str, ...] = WHOLE_NAMES
    legacy_encodings: tuple[str, ...] = ("utf-8", "gbk", "cp1251")
    audio_hash: Literal["sampled", "full"] = "sampled"
    sheets: bool = True
    various_artists: tuple[str, ...] = (
        "various artists",
        "various",
        "va",
        "v.a.",
        "diverse",
        "verschiedene interpreten",
    )

    @property
    def fingerprint(self) -> str:
        """Hex digest that differs as soon as the same file would become other rows."""
        return fingerprint(VERSION, self)
