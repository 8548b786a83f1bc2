"""A network (LSTM) that forecasts the next day of a farm's work from the week before.

    python3 network.py                                                on this machine alone
    pilot train network.py --data windows.npz --shards 4 --rounds 10  over the workers of a farm

windows.py makes the data, and `pilot forecast use JOB` has the farm use what was trained. The farm computes
the same in TypeScript (client-backend/src/forecast/lstm.ts); a test compares the two, so whoever changes one
changes both. The number of units (--param hidden=24) may be any: the farm sees it in the weights.

LSTM: Hochreiter and Schmidhuber, Neural Computation 9 (1997). The straight way past it, from the same time of
each day of the week, is the autoregressive part of LSTNet (Lai et al., SIGIR 2018).
"""

import math

import pilot
import torch
from torch import nn

WEEK, DAY, STEP = 672, 96, 4
MOST = 20.0


class Network(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(STEP + 4, hidden, batch_first=True)
        self.head = nn.Linear(hidden, DAY)
        self.days = nn.Parameter(torch.full((7,), 1 / 7))
        # At first it forecasts the mean of the days.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, place, past):
        """Both in rows of a window; `past` in units of its mean. The next 96 quarter hours in the same."""
        hours = torch.log1p(past.clamp(max=MOST)).view(len(past), WEEK // STEP, STEP)
        time = place[:, None] + torch.arange(0, WEEK, STEP)
        day, week = 2 * math.pi * (time % DAY) / DAY, 2 * math.pi * (time % WEEK) / WEEK
        clock = torch.stack([day.sin(), day.cos(), week.sin(), week.cos()], dim=2)
        out, _ = self.lstm(torch.cat([hours, clock], dim=2))
        same_time = past.view(len(past), 7, DAY)
        straight = (self.days[None, :, None] * same_time).sum(dim=1)
        return (self.head(out[:, -1]) + straight).clamp(min=0)


rows = torch.tensor(pilot.data("windows.npz"), dtype=torch.float32)
place, past, coming = rows[:, 0], rows[:, 1 : 1 + WEEK], rows[:, 1 + WEEK :]
mean = past.mean(dim=1, keepdim=True)
past, coming = past / mean, coming / mean


def by_hours(quarters):
    """What the farm compares, too: when within an hour a burst comes, nobody has to know."""
    return quarters.view(len(quarters), DAY // 4, 4).sum(dim=2)


network = Network(int(pilot.param("hidden", 16)))
network.load_state_dict(pilot.weights(network.state_dict()))
optimizer = torch.optim.Adam(network.parameters(), lr=pilot.param("lr", 0.005))
pilot.keep(optimizer)

for epoch in pilot.epochs(3):
    for step in pilot.batches():
        off = by_hours(network(place[step], past[step])) - by_hours(coming[step])
        loss = off.abs().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        pilot.report(loss=loss.item())

with torch.no_grad():
    error = (by_hours(network(place, past)) - by_hours(coming)).abs().mean().item()
    naive = (by_hours(past[:, -DAY:]) - by_hours(coming)).abs().mean().item()
# `error` of an hour, in means of a quarter hour; `scaled`: 1 is what the day before comes to.
pilot.finish(
    network.state_dict(),
    samples=len(rows),
    metrics={"loss": error, "scaled": error / max(naive, 1e-9)},
)
