"""Data of `npm run bench:training`: data.py NAME FOLDER SEED writes train.npz, sorted.npz (the same rows by label) and
test.npz. All of it is made by chance, so that nothing has to be fetched."""

import sys
from pathlib import Path

import numpy as np

TRAIN, TEST = 2_000, 1_000


def images(chance, count, noise):
    """12 x 12 pixels of one of six strokes, moved about, under noise."""
    y = chance.integers(0, 6, count)
    at = np.stack(np.meshgrid(np.arange(12), np.arange(12), indexing="ij"), -1) - 5.5
    angle = y * np.pi / 6 + chance.normal(0, 0.12, count)
    move = chance.uniform(-2.5, 2.5, (count, 2))
    away = at[None] - move[:, None, None]
    across = away[..., 0] * np.cos(angle)[:, None, None] + away[..., 1] * np.sin(angle)[:, None, None]
    along = away[..., 0] * np.sin(angle)[:, None, None] - away[..., 1] * np.cos(angle)[:, None, None]
    X = np.exp(-(across**2)) * (np.abs(along) < 4)
    return np.clip(X + chance.normal(0, noise, X.shape), 0, 1).astype(np.float32), y


def sequences(chance, count, chains):
    """30 symbols out of 12 by the chain of their class."""
    y = chance.integers(0, len(chains), count)
    X = np.empty((count, 30), np.int64)
    X[:, 0] = chance.integers(0, 12, count)
    for step in range(1, 30):
        odds = np.cumsum(chains[y, X[:, step - 1]], axis=1)
        X[:, step] = (odds < chance.random((count, 1))).sum(axis=1).clip(0, 11)
    return X, y


def words(chance, count, grammar):
    """Sentences of 12 words out of 60, each by the two before it; the label is the first word's sort."""
    X = np.empty((count, 12), np.int64)
    X[:, :2] = chance.integers(0, 60, (count, 2))
    for step in range(2, 12):
        likely = grammar[X[:, step - 2], X[:, step - 1]]
        picked = likely[np.arange(count), chance.integers(0, likely.shape[1], count)]
        X[:, step] = np.where(chance.random(count) < 0.15, chance.integers(0, 60, count), picked)
    return X, X[:, 0] // 10


def made(name, chance, count):
    # What is to be learned is the same for every seed; rows are not.
    nature = np.random.default_rng(1)
    if name == "lstm":
        return sequences(chance, count, nature.dirichlet(np.full(12, 0.9), (6, 12)))
    if name == "words":
        return words(chance, count, nature.integers(0, 60, (60, 60, 3)) // 12 * 12 + nature.integers(0, 3, (60, 60, 3)))
    return images(chance, count, {"cnn": 0.35, "batchnorm": 0.5}.get(name, 0.1))


def main(name, folder, seed):
    X, y = made(name, np.random.default_rng(seed), TRAIN + TEST)
    np.savez(Path(folder) / "test.npz", X=X[TRAIN:], y=y[TRAIN:])
    X, y = X[:TRAIN], y[:TRAIN]
    order = np.argsort(y, kind="stable")
    np.savez(Path(folder) / "train.npz", X=X, y=y)
    np.savez(Path(folder) / "sorted.npz", X=X[order], y=y[order])


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
