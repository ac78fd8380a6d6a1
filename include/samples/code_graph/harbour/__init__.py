"""A harbour that berths ships: the code graph's sample in Python."""

from .berths import Berth, allot

__all__ = ["Berth", "allot"]
