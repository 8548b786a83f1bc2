"""A member of a gang: the script's part of a training that several workers do together (mode ddp).

The box of each member has a network of its own with nobody else in it. There every member has an address by its rank,
127.0.1.<rank + 1>, and a relay (relay.py) takes what is sent to another's address to the box of that one. torch's own
rendezvous, TCPStore, is rank 0's; the environment is torchrun's.
"""

import json
import os
import sys

import numpy as np

from pilot_worker import relay

MASTER_PORT = 29400


class Gang:
    def __init__(self, about):
        self.rank = about["rank"]
        self.size = about["size"]
        self.relay = relay.start(about, MASTER_PORT)
        self.device = None
        self.joined = False
        os.environ.update(
            RANK=str(self.rank),
            WORLD_SIZE=str(self.size),
            LOCAL_RANK="0",
            LOCAL_WORLD_SIZE="1",
            GROUP_RANK=str(self.rank),
            MASTER_ADDR=relay.address(0),
            MASTER_PORT=str(MASTER_PORT),
        )
        if "torch" in sys.modules:
            self.bind()

    def bind(self):
        """Process groups of gloo listen at this member's address, and tell the others' relays on which ports."""
        import torch.distributed
        from torch.distributed import distributed_c10d as c10d

        if self.device is not None:
            return
        if not torch.distributed.is_available() or not c10d.is_gloo_available():
            raise RuntimeError("The torch of this worker has no gloo, without which no workers can train together.")
        self.device = c10d.ProcessGroupGloo.create_device(hostname=relay.address(self.rank))
        gang, plain = self, c10d.ProcessGroupGloo
        Announcing = announcing_store(gang)

        class Gloo(plain):  # type: ignore[valid-type, misc]
            def __init__(self, store, rank, size, timeout=None):
                options = plain._Options()
                options._devices = [gang.device]
                if timeout is not None:
                    options._timeout = timeout
                self.announcing = Announcing(store)
                super().__init__(self.announcing, rank, size, options)

        c10d.ProcessGroupGloo = Gloo

    def join(self):
        if self.joined:
            return
        self.bind()
        import torch.distributed

        self.joined = True
        if not torch.distributed.is_initialized():
            print("pilot: rank %d of %d" % (self.rank, self.size), file=sys.stderr)
            torch.distributed.init_process_group("gloo")

    def model(self, model):
        self.join()
        import torch

        class Together(torch.nn.parallel.DistributedDataParallel):
            """With the names of the model that is in it."""

            def state_dict(self, *given, **named):
                return self.module.state_dict(*given, **named)

            def load_state_dict(self, *given, **named):
                return self.module.load_state_dict(*given, **named)

            def __getattr__(self, name):
                try:
                    return super().__getattr__(name)
                except AttributeError:
                    return getattr(super().__getattr__("module"), name)

        Together.__name__ = "DistributedDataParallel"
        return Together(model)

    def part(self, loaded, count, in_order):
        """Every size-th row, or rows that follow each other, as many for each member: some may be taken twice."""
        each = -(-count // self.size)
        rows = np.arange(each) + self.rank * each if in_order else np.arange(each) * self.size + self.rank
        rows %= count

        def of(values):
            if isinstance(values, np.ndarray):
                return values[rows] if values.ndim and len(values) == count else values
            if isinstance(values, list) and len(values) == count:
                return [values[row] for row in rows]
            return values

        return (tuple(map(of, loaded)) if isinstance(loaded, tuple) else of(loaded)), each

    def newest(self, checkpoint, path):
        """Of what members have left the newest, at `path` where it is another's; None where none has any."""
        self.expect_model()
        import pilot_state
        import torch
        import torch.distributed as dist

        about = None if checkpoint is None else pilot_state.Saved(checkpoint).about
        mine = torch.tensor([-1, -1] if about is None else [about["loop"], about["done"]])
        all_left = [torch.zeros(2, dtype=torch.int64) for _ in range(self.size)]
        dist.all_gather(all_left, mine)
        left = [tuple(one.tolist()) for one in all_left]
        newest = max(left)
        if newest == (-1, -1):
            return None
        holder = left.index(newest)
        data = np.fromfile(checkpoint, dtype=np.uint8) if holder == self.rank else None
        size = torch.tensor([0 if data is None else data.size])
        dist.broadcast(size, holder)
        data = torch.zeros(int(size), dtype=torch.uint8) if data is None else torch.from_numpy(data)
        dist.broadcast(data, holder)
        if holder == self.rank:
            return checkpoint
        data.numpy().tofile(path)
        return path

    def finish(self):
        self.expect_model()
        import torch.distributed as dist

        # Who is done first does not leave the others alone in their last step.
        dist.barrier()

    def expect_model(self):
        if not self.joined:
            raise RuntimeError(
                "In mode ddp the script hands its model to pilot.model before it trains: model = pilot.model(model). "
                "Without that each worker would train by itself."
            )


def announcing_store(gang):
    import torch.distributed

    class Announcing(torch.distributed.Store):
        """The store of a process group. Addresses of gloo pass through it once their sockets listen: then their ports
        are put beside them, and before they are read the relay here is told to listen in their place."""

        def __init__(self, store):
            super().__init__()
            self.store = store
            self.told = set()

        def set(self, key, value):
            ports = sorted(relay.listening(gang.rank) - self.told)
            self.told.update(ports)
            self.store.set("pilot/" + key, json.dumps([gang.rank, ports]))
            self.store.set(key, value)

        def get(self, key):
            value = self.store.get(key)
            rank, ports = json.loads(self.store.get("pilot/" + key))
            if rank != gang.rank:
                gang.relay.listen(rank, ports)
            return value

        def wait(self, *given):
            return self.store.wait(*given)

        def check(self, keys):
            return self.store.check(keys)

        def add(self, key, amount):
            return self.store.add(key, amount)

        def set_timeout(self, timeout):
            return self.store.set_timeout(timeout)

    return Announcing
