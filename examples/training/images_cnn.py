"""A small convolutional network on a .zip of pictures, one folder for each class.

    python3 images_cnn.py
    pilot train images_cnn.py --data digit-images.zip --shards 4 --rounds 8 --merge outer
"""

import numpy as np
import pilot
import torch
from PIL import Image
from torch import nn

paths, labels = pilot.data("digit-images.zip")
pictures = np.stack([np.asarray(Image.open(path).convert("L"), dtype=np.float32) / 255 for path in paths])
X = torch.tensor(pictures).unsqueeze(1)
y = torch.tensor(np.asarray(labels))

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * 4, len(pilot.classes)),
)
model.load_state_dict(pilot.weights(model.state_dict()))
optimizer = torch.optim.AdamW(model.parameters(), lr=pilot.param("lr", 0.003))
pilot.keep(optimizer)

for epoch in pilot.epochs(2, keep=model):
    for rows in pilot.batches():
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
pilot.finish(model.state_dict(), samples=len(X), metrics=metrics)
