"""A network for pictures, with a schedule by the epoch."""

import pilot
import torch
from torch import nn

X, y = pilot.data()

X, y = torch.from_numpy(X)[:, None], torch.from_numpy(y)
torch.manual_seed(pilot.seed)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
    nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 6),
)
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.SGD(model.parameters(), lr=pilot.rate(0.1), momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 6, 0.3)
merge = None if pilot.param("keep", "shard") == "shard" else pilot.param("keep", "shard")
pilot.keep(optimizer, merge=merge)
pilot.keep(scheduler)
for rows in pilot.steps(1):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
    optimizer.step()
    if pilot.ends_epoch:
        scheduler.step()
model.eval()
with torch.no_grad():
    accuracy = (model(X).argmax(1) == y).float().mean()
pilot.finish(model.state_dict(), metrics={"accuracy": accuracy})
