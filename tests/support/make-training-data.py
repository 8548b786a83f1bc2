"""Data for the tests of training, written into the folder that is given."""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])
chance = np.random.default_rng(0)
features = chance.normal(size=(120, 4)).astype(np.float32)
labels = (features.sum(axis=1) > 0).astype(np.int64)

np.savez(FOLDER / "points.npz", X=features, y=labels)
np.savez(FOLDER / "uneven.npz", X=features, y=labels[:-20])
np.savez(FOLDER / "pickled.npz", X=np.array([{"a": 1}, None], dtype=object), y=np.array([0, 1]))
np.savez(FOLDER / "few.npz", X=features[:3], y=labels[:3])
rows = [",".join(f"{value:.3f}" for value in row) + f",{label}" for row, label in zip(features, labels)]
(FOLDER / "points.csv").write_text("a,b,c,d,label\n" + "\n".join(rows) + "\n")
rows[6] += ",9"
(FOLDER / "ragged.csv").write_text("a,b,c,d,label\n" + "\n".join(rows) + "\n")
