"""A language model: the next word from the embeddings of the two before it, with Adam."""

import pilot
import torch
from torch import nn

X, y = pilot.data()

X = torch.from_numpy(X)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(60, 24)
        self.out = nn.Sequential(nn.Linear(48, 96), nn.ReLU(), nn.Linear(96, 60))

    def forward(self, rows):
        seen = self.embed(rows)
        pairs = torch.cat([seen[:, :-2], seen[:, 1:-1]], 2)
        return nn.functional.cross_entropy(self.out(pairs).reshape(-1, 60), rows[:, 2:].reshape(-1))


torch.manual_seed(pilot.seed)
model = Net()
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
merge = None if pilot.param("keep", "shard") == "shard" else pilot.param("keep", "shard")
pilot.keep(optimizer, merge=merge)
for rows in pilot.steps(1):
    optimizer.zero_grad()
    model(X[rows]).backward()
    optimizer.step()
with torch.no_grad():
    loss = model(X)
pilot.finish(model.state_dict(), metrics={"loss": loss})
