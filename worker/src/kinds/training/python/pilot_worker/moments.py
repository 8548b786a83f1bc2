"""Adam's second moments as steps of the whole batch would have made them.

A shard steps with a part of the batch. Its gradients vary more then, by as much as the part is smaller, and Adam, which
divides by the root of their second moment v, comes less far with a step than one machine does, though the mean over the
shards is as exact as that machine's. So a shard that hands over its moments to be merged hands over what v would be
without that: of gradients with the mean g and, in a shard, the variance s,

    v = g² + s        wanted: g² + share * s        and for s:  E[m²] = g² + spread * s

as the first moment m is a mean over the last gradients too, with spread = (1 - b1) / (1 + b1) * (1 + b1^t) / (1 - b1^t)
after t steps, its bias corrected. Taken of what the round added to v alone. The other way round, and with a rate for the
batch in place of the moment, this is the square root scaling rule of Malladi et al., arXiv 2205.10287.
"""

import sys

from pilot_worker.optimizers import flat

NAMES = ("Adam", "AdamW", "NAdam", "RAdam")
# With fewer steps than that takes, m tells as little of the mean as one gradient.
MOST_SPREAD = 0.5
# By chance the estimate may come out below all that is possible.
LEAST_PART = 0.25


def begin(things, share):
    """The moments of all Adams among these, with which a round begins; `share`: the shard's part of the batch."""
    optim = sys.modules.get("torch.optim")
    if optim is None or share >= 1:
        return []
    kinds = tuple(getattr(optim, name) for name in NAMES if hasattr(optim, name))
    return [Moments(one, share) for one in flat(things) if isinstance(one, kinds)]


def put_back(own):
    """The shard goes on with its own."""
    for state, moment in own:
        state["exp_avg_sq"] = moment


class Moments:
    """Of one optimizer."""

    def __init__(self, optimizer, share):
        self.optimizer = optimizer
        self.share = share
        self.starts = {
            parameter: (float(state["step"]), state["exp_avg_sq"].clone())
            for parameter, state in optimizer.state.items()
            if "exp_avg_sq" in state
        }

    def end(self):
        """Changes them to those of the whole batch; gives what they were, for `put_back`."""
        own = []
        for group in self.optimizer.param_groups:
            if group.get("amsgrad"):
                continue  # it divides by the largest there was
            for parameter in group["params"]:
                state = self.optimizer.state.get(parameter, {})
                if "exp_avg_sq" in state and not parameter.is_complex():
                    own.append((state, state["exp_avg_sq"]))
                    self._end(parameter, state, *group["betas"])
        return own

    def _end(self, parameter, state, b1, b2):
        step = float(state["step"])
        before, start = self.starts.get(parameter, (0.0, None))
        faded = b1**step
        spread = (1 - b1) / (1 + b1) * (1 + faded) / (1 - faded) if faded < 1 else 1.0
        if step <= before or spread > MOST_SPREAD:
            return
        left = b2 ** (step - before)
        kept = 0.0 if start is None else left * start
        added = (state["exp_avg_sq"] - kept).clamp(min=0)
        mean = state["exp_avg"] / (1 - faded)
        varies = (added - (1 - left) * mean**2) / (1 - spread)
        whole = (added - (1 - self.share) * varies).maximum(LEAST_PART * self.share * added)
        state["exp_avg_sq"] = kept + whole
