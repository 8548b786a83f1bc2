"""Throws points into a square, and says of each whether it lies in a disc that nobody is told of."""

import argparse
import random

RADIUS = 0.7

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
random.seed(parser.parse_args().seed)

with open("points.csv", "w") as table:
    print("x,y,inside", file=table)
    for _ in range(60):
        x, y = random.uniform(-1, 1), random.uniform(-1, 1)
        print(f"{x:.4f},{y:.4f},{int(x * x + y * y < RADIUS**2)}", file=table)
