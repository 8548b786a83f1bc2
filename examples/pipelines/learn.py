"""Finds the disc from the points: logistic regression on the distance from the middle, in plain numpy."""

import numpy as np
import pilot

X, inside = pilot.data("table.csv")
squared = (X.astype(float) ** 2).sum(axis=1)

weights = pilot.weights({"slope": np.zeros(1), "offset": np.zeros(1)})
slope, offset = weights["slope"], weights["offset"]


def probabilities():
    return 1 / (1 + np.exp(-(slope * squared + offset)))


for epoch in pilot.epochs(60, keep=weights):
    error = (probabilities() - inside) / max(1, len(inside))
    slope -= 20 * (error * squared).sum()
    offset -= 20 * error.sum()

accuracy = float(((probabilities() > 0.5) == inside).mean()) if len(inside) else 0.0
pilot.finish({"slope": slope, "offset": offset}, samples=len(inside), metrics={"accuracy": accuracy})
