"""CSVs of odd kinds that nobody here wrote: how many are right at first try, and how many wrong in silence."""

from __future__ import annotations
