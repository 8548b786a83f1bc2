"""Data and judgement of `npm run bench:training`, apart from the farm.

    digits.py split FOLDER SEED          writes train.npz, sorted.npz (the same rows by label) and test.npz
    digits.py judge MODEL.npz TEST.npz   prints the accuracy of the example's network on the test rows
"""

import sys
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).parents[2] / "examples/training/digits.npz"
TEST_ROWS = 450


def split(folder, seed):
    with np.load(DIGITS, allow_pickle=False) as digits:
        features, labels = digits["X"], digits["y"]
    order = np.random.default_rng(seed).permutation(len(labels))
    test, train = order[:TEST_ROWS], order[TEST_ROWS:]
    by_label = train[np.argsort(labels[train], kind="stable")]
    for name, rows in (("train", train), ("sorted", by_label), ("test", test)):
        np.savez(Path(folder) / f"{name}.npz", X=features[rows], y=labels[rows])


def judge(model, test):
    with np.load(model, allow_pickle=False) as weights, np.load(test, allow_pickle=False) as rows:
        hidden = rows["X"].astype(np.float32) / 16
        for layer in (0, 2, 4):
            hidden = hidden @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
            if layer < 4:
                hidden = np.maximum(hidden, 0)
        print((hidden.argmax(axis=1) == rows["y"]).mean())


command, *arguments = sys.argv[1:]
if command == "split":
    split(arguments[0], int(arguments[1]))
else:
    judge(*arguments)
