"""Which optimizers and schedules of torch a script made, to tell it of those that begin anew in every round."""

import functools
import sys
import weakref

MOST = 100
_watched = set()
_made = []  # (weak reference, name of its class)


def watch():
    """From now on; torch as soon as it has been imported."""
    optim = sys.modules.get("torch.optim")
    if optim is None:
        return
    schedules = sys.modules.get("torch.optim.lr_scheduler")
    bases = [optim.Optimizer, getattr(schedules, "LRScheduler", None) or getattr(schedules, "_LRScheduler", None)]
    for base in bases:
        if base is not None and base not in _watched:
            _watched.add(base)
            base.__init__ = noted(base.__init__)


def noted(make):
    @functools.wraps(make)
    def __init__(self, *given, **named):
        if len(_made) < MOST:
            _made.append((weakref.ref(self), type(self).__name__))
        make(self, *given, **named)

    return __init__


def begin_anew(lasting):
    """Names of the classes of those that are not kept and have something to lose."""
    known = list(flat(lasting))
    if any(isinstance(one, dict) for one in lasting) and not any(hasattr(one, "load_state_dict") for one in known):
        return []  # it keeps what they hold by hand
    names = set()
    for reference, name in _made:
        one = reference()
        if not holds_nothing(one) and all(one is not other for other in known):
            names.add(name[:100])
    return sorted(names)[:8]


def made(name):
    return any(one == name for _reference, one in _made)


def holds_nothing(one):
    """SGD without momentum has no state."""
    state = getattr(one, "state", None)
    return state is not None and not any(value is not None for held in state.values() for value in held.values())


def flat(things):
    for one in things.values() if isinstance(things, dict) else things:
        if isinstance(one, (dict, list, tuple)):
            yield from flat(one)
        else:
            yield one
