"""Makes training data for network.py of what a farm recorded of its load.

    pilot forecast history > load.csv
    python3 windows.py load.csv windows.npz
    pilot train network.py --data windows.npz --shards 4 --rounds 10
    pilot forecast use JOB

Each row of `windows` is a week of a farm's life and the day after it: the place in the week of its first
quarter hour (0 to 671, from Thursday 0:00 UTC on, as time is counted), 672 quarter hours of work that
came, and the 96 after them. Windows begin an hour apart. What the farm judges a network by, the last two
weeks, is not in its history: so no network has seen what it is asked.
"""

import csv
import sys

import numpy as np

QUARTER_MS = 15 * 60 * 1000
WEEK, DAY, APART = 672, 96, 4


def windows(times, work):
    """float32, a row for each window; None where the history is too short for one."""
    rows = []
    for start in range(0, len(work) - WEEK - DAY + 1, APART):
        past = work[start : start + WEEK]
        if past.sum() > 0:
            place = times[start] // QUARTER_MS % WEEK
            rows.append(np.concatenate([[place], work[start : start + WEEK + DAY]]))
    return np.array(rows, dtype=np.float32) if rows else None


def main(history, out):
    with open(history, newline="") as file:
        rows = list(csv.DictReader(file))
    times = [int(row["at_ms"]) for row in rows]
    found = windows(times, np.array([float(row["demand_ms"]) for row in rows]))
    if found is None:
        sys.exit(
            "%s has %d days: eight are needed for the first window, and some weeks for a good forecast. "
            "The last two weeks of a farm are not in it." % (history, len(rows) // DAY)
        )
    np.savez(out, windows=found)
    print("%d windows of %d days in %s" % (len(found), len(rows) // DAY, out))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
