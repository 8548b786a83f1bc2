"""Pictures from noise: a generator and a discriminator (DCGAN), each with an Adam of its own."""

import pilot
import torch
from torch import nn

X, y = pilot.data()

X = torch.from_numpy(X)[:, None]
torch.manual_seed(pilot.seed)
G = nn.Sequential(
    nn.ConvTranspose2d(16, 24, 3), nn.BatchNorm2d(24), nn.ReLU(), nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.BatchNorm2d(12),
    nn.ReLU(), nn.ConvTranspose2d(12, 1, 4, 2, 1), nn.Sigmoid(),
)
D = nn.Sequential(
    nn.Conv2d(1, 12, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(12, 24, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(),
    nn.Linear(216, 1),
)
start = pilot.weights({"G": G.state_dict(), "D": D.state_dict()})
G.load_state_dict(start["G"])
D.load_state_dict(start["D"])
G, D = pilot.model(G), pilot.model(D)
of_g = torch.optim.Adam(G.parameters(), lr=0.001, betas=(0.5, 0.999))
of_d = torch.optim.Adam(D.parameters(), lr=0.0005, betas=(0.5, 0.999))
merge = None if pilot.param("keep", "shard") == "shard" else pilot.param("keep", "shard")
pilot.keep(of_g, of_d, merge=merge)
judged = nn.functional.binary_cross_entropy_with_logits
for rows in pilot.steps(1):
    made, one, zero = G(torch.randn(len(rows), 16, 1, 1)), torch.ones(len(rows), 1), torch.zeros(len(rows), 1)
    of_d.zero_grad()
    (judged(D(X[rows]), one) + judged(D(made.detach()), zero)).backward()
    of_d.step()
    of_g.zero_grad()
    judged(D(made), one).backward()
    of_g.step()
# Fréchet's distance of pixels with independent ones: between means, and between deviations.
torch.manual_seed(1)
G.eval()
with torch.no_grad():
    made = G(torch.randn(1000, 16, 1, 1))
distance = ((made.mean(0) - X.mean(0)) ** 2 + (made.std(0) - X.std(0)) ** 2).sum()
pilot.finish({"G": G.state_dict(), "D": D.state_dict()}, metrics={"distance": distance})
