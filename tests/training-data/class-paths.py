"""Answers each list of paths, a line of JSON, with the files that pilot.py makes of it, or with null."""

import json
import sys

import pilot_parts

for line in sys.stdin:
    try:
        files = sorted(pilot_parts.class_paths(json.loads(line), "d.zip"))
    except ValueError:
        files = None
    print(json.dumps(files), flush=True)
