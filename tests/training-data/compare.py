"""Reads .csv files with pilot alone, and the tables that the farm made of them as its workers do, and compares.

Each line of standard input is {"csv", "choices", "farm": {"table", "classes", "whole"} or {"refused"}}; each line
of the answer says what differs, or what both made of it.
"""

import json
import sys

import numpy as np
import pilot
import pilot_data

from pilot_worker import farm_run

alone = pilot._run


class OnFarm:
    def __init__(self, whole):
        self.whole = whole


def by_itself(path, choices):
    pilot.classes = None
    for name, value in choices.items():
        setattr(alone, name, value)
    try:
        X, y = pilot.data(path)
    except ValueError as error:
        return {"refused": str(error)}
    return {"X": X, "y": y, "classes": pilot.classes}


def on_farm(farm):
    if "refused" in farm:
        return farm
    reading = pilot_data.Reading(OnFarm(farm["whole"]), pilot.seed, False, farm["classes"], False)
    (X, y), _rows = farm_run.read_table(farm["table"], reading)
    return {"X": X, "y": y, "classes": reading.classes}


def shown(read):
    if "refused" in read:
        return read
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in read.items()}


def equal(one, other):
    if one.keys() != other.keys():
        return False
    if "refused" in one:
        return one == other
    return (
        one["classes"] == other["classes"]
        and one["y"].dtype == other["y"].dtype
        and np.array_equal(one["y"], other["y"])
        and one["X"].dtype == other["X"].dtype
        and np.array_equal(one["X"], other["X"], equal_nan=True)
    )


for line in sys.stdin:
    case = json.loads(line)
    mine, farms = by_itself(case["csv"], case["choices"]), on_farm(case["farm"])
    same = equal(mine, farms)
    print(json.dumps({"same": same, "alone": shown(mine), "farm": shown(farms)}), flush=True)
