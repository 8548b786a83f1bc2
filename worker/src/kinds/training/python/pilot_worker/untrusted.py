"""Reads what came out of a fork: its script shares its memory, so it may be anything."""

import json


class Unreadable(Exception):
    """It is not what the worker's own part writes."""


def read(text):
    """The JSON object in these bytes."""
    try:
        found = json.loads(text, parse_int=whole, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(found, dict):
        raise Unreadable
    return found


def whole(digits):
    """Older Pythons would work for hours on a number of a million digits."""
    return int(digits) if len(digits) <= 300 else refuse(digits)


def refuse(_what):
    raise ValueError("no number of a result")
