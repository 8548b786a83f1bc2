"""Reads .csv files with pilot alone, and the tables that the farm made of them as its workers do, and compares.

Each line of standard input is {"csv": paths, "test": path or null, "choices", "farm": {"tables", "classes", "whole"} or
{"refused"}}; each line of the answer says what differs, or what both made of it. Of two tables the second is measured on.
"""

import json
import os
import sys

import numpy as np
import pilot
import pilot_data

from pilot_worker import farm_run

alone = pilot._run


class OnFarm:
    split = "shuffled"

    def __init__(self, whole):
        self.whole = whole


def by_itself(paths, test, choices):
    pilot.classes = None
    os.environ["PILOT_TEST"] = test or ""
    for name, value in choices.items():
        setattr(alone, name, value)
    found = {}
    try:
        for pilot.evaluating in (False, True) if test else (False,):
            X, y = pilot.data(*paths)
            found.update({"X of test" if pilot.evaluating else "X": X, "y of test" if pilot.evaluating else "y": y})
    except ValueError as error:
        return {"refused": str(error)}
    finally:
        pilot.evaluating = False
    return dict(found, classes=pilot.classes)


def on_farm(farm):
    if "refused" in farm:
        return farm
    reading = pilot_data.Reading(OnFarm(farm["whole"]), pilot.seed, False, farm["classes"], False)
    found = {}
    for name, table in zip(("", " of test"), farm["tables"]):
        (found["X" + name], found["y" + name]), _rows = farm_run.read_table([table], None, reading)
    return dict(found, classes=reading.classes)


def shown(read):
    if "refused" in read:
        return read
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in read.items()}


def equal(one, other):
    if one.keys() != other.keys():
        return False
    if "refused" in one:
        return one == other
    arrays = [name for name in one if name != "classes"]
    return one["classes"] == other["classes"] and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name], equal_nan=name[0] == "X")
        for name in arrays
    )


for line in sys.stdin:
    case = json.loads(line)
    mine, farms = by_itself(case["csv"], case["test"], case["choices"]), on_farm(case["farm"])
    same = equal(mine, farms)
    print(json.dumps({"same": same, "alone": shown(mine), "farm": shown(farms)}), flush=True)
