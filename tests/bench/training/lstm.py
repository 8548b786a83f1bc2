"""Sequences of symbols in six classes, by an LSTM with Adam."""

import pilot
import torch
from torch import nn

X, y = pilot.data()

X, y = torch.from_numpy(X), torch.from_numpy(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 12)
        self.lstm = nn.LSTM(12, 32, batch_first=True)
        self.out = nn.Linear(32, 6)

    def forward(self, rows):
        return self.out(self.lstm(self.embed(rows))[0].mean(1))


torch.manual_seed(pilot.seed)
model = Net()
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.Adam(model.parameters(), lr=pilot.param("lr", 0.005))
merge = None if pilot.param("keep", "shard") == "shard" else pilot.param("keep", "shard")
pilot.keep(optimizer, merge=merge)
for rows in pilot.steps(1):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
    optimizer.step()
with torch.no_grad():
    accuracy = (model(X).argmax(1) == y).float().mean()
pilot.finish(model.state_dict(), metrics={"accuracy": accuracy})
