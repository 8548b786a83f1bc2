"""A variational autoencoder of pictures, with Adam."""

import pilot
import torch
from torch import nn

X, y = pilot.data()

X = torch.from_numpy(X).reshape(len(X), -1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.read = nn.Sequential(nn.Linear(144, 64), nn.ReLU(), nn.Linear(64, 16))
        self.write = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 144))

    def forward(self, rows, sample):
        mean, log = self.read(rows).chunk(2, 1)
        code = mean + sample * (log / 2).exp()
        written = nn.functional.binary_cross_entropy_with_logits(self.write(code), rows, reduction="sum")
        return (written - 0.5 * (1 + log - mean**2 - log.exp()).sum()) / len(rows)


torch.manual_seed(pilot.seed)
model = Net()
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
merge = None if pilot.param("keep", "shard") == "shard" else pilot.param("keep", "shard")
pilot.keep(optimizer, merge=merge)
for rows in pilot.steps(1):
    optimizer.zero_grad()
    model(X[rows], torch.randn(len(rows), 8)).backward()
    optimizer.step()
torch.manual_seed(1)
with torch.no_grad():
    loss = model(X, torch.randn(len(X), 8))
pilot.finish(model.state_dict(), metrics={"loss": loss})
