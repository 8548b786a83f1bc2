"""Handwritten digits with a small network in PyTorch.

    python3 digits_mlp.py                                      on this machine alone
    pilot train digits_mlp.py --data digits.npz --shards 4     over the workers of a farm
    pilot train digits_mlp.py --data digits.npz --mode ddp     over workers that take each step together
"""

import pilot
import torch
from torch import nn

X, y = pilot.data("digits.npz")
X = torch.tensor(X, dtype=torch.float32) / 16
y = torch.tensor(y)

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.AdamW(model.parameters(), lr=pilot.param("lr", 0.003))
pilot.keep(optimizer)

for epoch in pilot.epochs(2, keep=model):
    for rows in torch.randperm(len(X)).split(pilot.batch):
        loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        pilot.report(loss=loss.item())

with torch.no_grad():
    scores = model(X)
    metrics = {
        "loss": nn.functional.cross_entropy(scores, y).item(),
        "accuracy": (scores.argmax(1) == y).float().mean().item(),
    }
    pilot.confusion(y, scores)  # on the job's page, round by round
    pilot.wrong(X, y, scores)
pilot.finish(model.state_dict(), samples=len(X), metrics=metrics)
