"""Estimates pi by throwing points into a square: one run of many, told apart by its seed."""

import argparse
import random

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--points", type=int, default=100_000)
arguments = parser.parse_args()

random.seed(arguments.seed)
inside = sum(random.random() ** 2 + random.random() ** 2 <= 1 for _ in range(arguments.points))

with open("pi.csv", "w") as table:
    print("inside,pi", file=table)
    print(f"{inside},{4 * inside / arguments.points}", file=table)
