"""Trains as a farm does, in one process and its forks: the worker's own code of a chunk (pilot_worker.chunk), without the
worker, the network and the database around it, which cost more than what scripts as small as these learn.

    rounds.py FOLDER < plan.json

The plan is what the backend has made of a job: {"task": of a chunk that has nothing to do yet, "script", "weights", "shards":
[path], "context", "merges": [of each round], "gang": how many train together in mode ddp, or null}. Prints {"model": path,
"bytes": of a round, as the farm counts them}.
"""

import json
import os
import shutil
import socket
import sys
import traceback

import numpy as np  # noqa: F401, what scripts import is loaded once, before the forks
import pilot_state  # noqa: F401
import torch

from pilot_worker import gang as gangs
from pilot_worker.board import Board
from pilot_worker.chunk import run_chunk


def main(folder, plan):
    torch.set_num_threads(1)
    base = dict(plan["task"], script=plan["script"], cache=os.path.join(folder, "cache"))
    if plan["gang"] is not None:
        tell(together(folder, base, plan), 0)
        return
    weights, shared, momentum = plan["weights"], None, None
    kept = [None] * len(plan["shards"])
    epochs, sizes = 0, []
    for round, merge in enumerate(plan["merges"], 1):
        at = os.path.join(folder, "round%d" % (round % 2))
        shutil.rmtree(at, ignore_errors=True)
        context = dict(plan["context"], round=round, epoch=epochs)
        given = dict(base, context=context, weights=weights, shared=shared)
        tasks = [
            dict(given, stage="train", shard=shard, data=data, kept=kept[shard], work=os.path.join(at, str(shard)))
            for shard, data in enumerate(plan["shards"])
        ]
        # One after another: what one machine has the time for.
        done = [ended(started(task)) for task in tasks]
        made = [{name: there(task, name) for name in ("update.npz", "kept.npz", "shared.npz")} for task in tasks]
        sizes.append(sum(size(path) for one in (*made, *(file_inputs(task) for task in tasks)) for path in one.values()))
        epochs += max(result["epochs"] for result in done)
        kept = [one["kept.npz"] for one in made]
        handed = list(zip(range(len(done)), done, made))
        files = [
            [{"shard": shard, "samples": result["samples"], "path": one[name]} for shard, result, one in handed if one[name]]
            for name in ("update.npz", "shared.npz")
        ]
        merging = {"merge": merge, "momentum": momentum, "updates": files[0], "states": files[1]}
        task = dict(given, stage="merge", work=os.path.join(at, "merge"), **merging)
        ended(started(task))
        weights, shared, momentum = (there(task, name) for name in ("weights.npz", "shared.npz", "momentum.npz"))
    tell(weights, sorted(sizes)[len(sizes) // 2])


def together(folder, base, plan):
    """Mode ddp: torch's own processes, which reach each other on this machine without the farm's relays."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gangs.MASTER_PORT = free.getsockname()[1]
    gangs.relay.start = lambda *_given: None
    gangs.relay.address = lambda _rank: "127.0.0.1"
    gangs.Gang.bind = lambda _self: None  # type: ignore[assignment]
    tasks = [
        dict(
            base,
            **{"weights": plan["weights"], "data": plan["shards"][0]},
            **{"gang": {"rank": rank, "size": plan["gang"]}, "work": os.path.join(folder, "rank%d" % rank)},
        )
        for rank in range(plan["gang"])
    ]
    for process in [started(task) for task in tasks]:
        ended(process)
    return there(tasks[0], "update.npz")


def started(task):
    """A fork in which the chunk runs, and the file of its result."""
    task = dict(task, run=os.path.join(task["work"], "run"))
    os.makedirs(task["run"])
    told = os.path.join(task["work"], "result.json")
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(task["run"])
            outcome = run_chunk(task, Board())
            with open(told, "w") as file:
                json.dump(outcome, file)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    return pid, told


def ended(process):
    pid, told = process
    os.waitpid(pid, 0)
    with open(told) as file:
        outcome = json.load(file)
    if not outcome["ok"]:
        raise SystemExit("a chunk failed: %s" % outcome)
    return outcome["result"]


def there(task, name):
    path = os.path.join(task["work"], name)
    return path if os.path.exists(path) else None


def file_inputs(task):
    return {name: task[name] for name in ("weights", "kept", "shared")}


def size(path):
    return 0 if path is None else os.path.getsize(path)


def tell(model, size_of_round):
    json.dump({"model": model, "bytes": size_of_round}, sys.stdout)


main(sys.argv[1], json.load(sys.stdin))
