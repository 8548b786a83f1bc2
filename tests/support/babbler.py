"""Stands in for Blender's bridge or a training's Python, and says what a test wants said.

    babbler.py SAYINGS.json

SAYINGS is a list of lists of texts: the first is said after the worker's first line, each later one after
one command of the worker's. `%NONCE%` and `%ID%` stand for those of the worker; a text in a list of two is
said as many times as the number beside it. `%END%` ends it.
"""

import json
import sys

with open(sys.argv[1]) as file:
    sayings = json.load(file)
nonce = json.loads(sys.stdin.readline())["nonce"]


def say(texts, command):
    for text in texts:
        once, times = text if isinstance(text, list) else (text, 1)
        if once == "%END%":
            sys.exit(0)
        once = once.replace("%NONCE%", nonce).replace("%ID%", str(command))
        data = (once * times).encode("utf-8", "surrogatepass")
        while data:
            data = data[sys.stdout.buffer.write(data) :]
    sys.stdout.buffer.flush()


say(sayings[0], 0)
for index, line in enumerate(sys.stdin):
    if index + 1 < len(sayings):
        say(sayings[index + 1], json.loads(line).get("id", 0))
