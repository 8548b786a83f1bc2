"""The same digits by softmax regression in plain numpy: no framework is needed.

    python3 digits_softmax.py
    pilot train digits_softmax.py --data digits.npz --shards 4
"""

import numpy as np
import pilot

X, y = pilot.data("digits.npz")
X = X / 16.0
targets = np.eye(10)[y]

weights = pilot.weights({"slope": np.zeros((64, 10)), "offset": np.zeros(10)})
slope, offset = weights["slope"], weights["offset"]
rate = pilot.param("lr", 0.1)


def probabilities(rows):
    scores = rows @ slope + offset
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def loss_of(rows, wanted):
    return -np.log(np.maximum(probabilities(rows)[wanted == 1], 1e-12)).mean()


for epoch in pilot.epochs(5, keep=weights):
    order = np.random.permutation(len(X))
    for start in range(0, len(order), pilot.batch):
        rows = order[start : start + pilot.batch]
        error = (probabilities(X[rows]) - targets[rows]) / len(rows)
        slope -= rate * X[rows].T @ error
        offset -= rate * error.sum(axis=0)
    pilot.report(loss=loss_of(X, targets))

accuracy = (probabilities(X).argmax(axis=1) == y).mean()
pilot.finish(
    {"slope": slope, "offset": offset},
    samples=len(X),
    metrics={"loss": loss_of(X, targets), "accuracy": accuracy},
)
