"""Reads what came out of a fork: its script shares its memory, so it may be anything."""

import json
import math


class Unreadable(Exception):
    """It is not what the worker's own part writes."""


def read(text):
    """The JSON object in these bytes."""
    try:
        found = json.loads(text, parse_int=whole, parse_float=finite, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(found, dict):
        raise Unreadable
    return found


def whole(digits):
    """Older Pythons would work for hours on a number of a million digits."""
    return int(digits) if len(digits) <= 300 else refuse(digits)


def finite(digits):
    """1e400 is no endless number by its form, and one by its value."""
    number = float(digits)
    return number if math.isfinite(number) else refuse(digits)


def refuse(_what):
    raise ValueError("no number of a result")
