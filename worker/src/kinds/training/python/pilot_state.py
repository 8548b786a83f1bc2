"""What a script goes on from: what things hold, and how it is brought back. See pilot_tree for the file."""

import importlib
import random
import re
import sys

import numpy as np
import pilot_arrays
import pilot_tree

# Of an estimator these are weights, which are merged.
COEFFICIENTS = ("coef_", "intercept_", "coefs_", "intercepts_")
# Objects that an estimator makes anew whenever it fits.
MADE_ANEW = re.compile(r"sklearn\.(_loss|linear_model\._sgd_fast)\b")
WITHIN = re.compile(r"sklearn(\.\w+)+")


def items(keep):
    """What was given as one thing or as a list of them."""
    return list(keep) if isinstance(keep, (list, tuple)) else [] if keep is None else [keep]


def check(things, where, merged=False):
    """Raises TypeError for what cannot be kept, or cannot be merged: before the training, not after it."""
    for thing in things:
        if not _has_state(thing) and not isinstance(thing, (dict, list, np.ndarray)) and not pilot_arrays.is_tensor(thing):
            raise _cannot_keep(thing, where)
        _writer(where, merged).node(thing)


def save(path, things, about):
    """`about`: what is told of it, as JSON has it. The file is there whole or not at all."""
    pilot_tree.save(path, about, _writer("pilot.keep"), things)


def check_finite(things):
    """A mean with what is not finite would make that of all shards."""
    for thing in things:
        writer = _writer("pilot.keep", True)
        writer.node(thing)
        arrays = [array for kind, ones in writer.arrays.items() if kind[0] == "f" for array in ones]
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError(
                'pilot.keep: %s holds numbers that are not finite, of which merge="mean" can make no mean. The training '
                "has diverged, or this is to be kept without merge." % _named(thing)
            )


def check_values(value):
    """Raises TypeError for what no other worker could be given."""
    _values_writer().node(_portable(value))


def save_values(path, values):
    """What another run reads as it is, with no object of the script to bring it back into."""
    pilot_tree.save(path, {}, _values_writer(), [_portable(value) for value in values])


def load_values(path):
    return pilot_tree.load(path, _made)[1]


def _portable(value):
    if isinstance(value, dict):
        return {name: _portable(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return (tuple if isinstance(value, tuple) else list)(map(_portable, value))
    return _within(value)


def _values_writer():
    def refuse(thing):
        raise TypeError(
            "pilot.once: %s cannot be handed to other workers. What can: arrays, tensors, numbers, text, None, dicts, lists "
            "and tuples of these, and scikit-learn estimators that hold no more than that." % _named(thing)
        )

    return pilot_tree.Writer("pilot.once", refuse)


def _writer(where, merged=False):
    def state_of(thing):
        if merged and _is_generator(thing):
            raise TypeError(
                "%s: %s has no mean over the shards. Keep it in another pilot.keep(…), without merge."
                % (where, _named(thing))
            )
        pair = _pair_of(thing)
        if pair is None:
            raise _cannot_keep(thing, where)
        return pilot_tree.State(type(thing).__name__, pair[0]())

    return pilot_tree.Writer(where, state_of)


class Saved:
    """A file that was saved. Raises pilot_tree.Unreadable."""

    def __init__(self, path):
        self.about, self._items = pilot_tree.load(path, _made)

    def last(self):
        return self._items[-1]

    def restore(self, things, first=0):
        """Brings back what `things` held; the `first` of them is that thing of the file."""
        for place, thing in enumerate(things, first):
            if place >= len(self._items):
                raise ValueError("pilot.keep: %s was not kept before: %d things were" % (_named(thing), len(self._items)))
            state = self._items[place]
            if isinstance(thing, (np.ndarray, dict, list)) or pilot_arrays.is_tensor(thing):
                fits = _fits(thing, state)
            else:
                fits = isinstance(state, pilot_tree.State) and state.name == type(thing).__name__
            if not fits:
                was = state.name if isinstance(state, pilot_tree.State) else _named(state)
                raise ValueError("pilot.keep: thing %d is %s here, and was %s before" % (place + 1, _named(thing), was))
            _restored(thing, state)


def random_states():
    """The standing of the generators that everybody shares, as a thing to keep."""
    return _Shared()


class _Shared:
    """Has the standing of random, numpy and torch."""

    def state_dict(self):
        states = {"random": random.getstate(), "numpy": np.random.get_state()}
        torch = sys.modules.get("torch")
        if torch is not None:
            states["torch"] = torch.get_rng_state()
            if torch.cuda.is_available() and torch.cuda.is_initialized():
                states["cuda"] = torch.cuda.get_rng_state_all()
        return states

    def load_state_dict(self, states):
        random.setstate(states["random"])
        np.random.set_state(states["numpy"])
        torch = sys.modules.get("torch")
        if torch is not None and "torch" in states:
            torch.set_rng_state(states["torch"])
        if torch is not None and "cuda" in states and torch.cuda.device_count() == len(states["cuda"]):
            torch.cuda.set_rng_state_all(states["cuda"])


# What things hold, and how it is brought back


def _has_state(thing):
    return _pair_of(thing) is not None


def _pair_of(thing):
    """How its state is read, and how it is set; None for what has none of its own."""
    if isinstance(thing, type):
        return None
    if hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict"):
        return lambda: _without_functions(thing.state_dict()), thing.load_state_dict
    if isinstance(thing, np.random.Generator):
        bits = thing.bit_generator
        return lambda: bits.state, lambda state: setattr(bits, "state", state)
    if isinstance(thing, np.random.RandomState):
        return thing.get_state, thing.set_state
    if isinstance(thing, random.Random):
        return thing.getstate, thing.setstate
    if "torch" in sys.modules and isinstance(thing, sys.modules["torch"].Generator):
        return thing.get_state, thing.set_state
    if hasattr(thing, "get_params") and hasattr(thing, "set_params") and hasattr(thing, "__dict__"):
        return lambda: _fitted(thing), vars(thing).update
    return None


def _is_generator(thing):
    torch = sys.modules.get("torch")
    more = () if torch is None else (torch.Generator,)
    return isinstance(thing, (np.random.Generator, np.random.RandomState, random.Random, *more))


def _without_functions(state):
    """Some schedulers list what they reckon with; one made anew has its own."""
    return {name: one for name, one in state.items() if not callable(one)} if isinstance(state, dict) else state


def _fitted(estimator):
    """What a scikit-learn estimator knows beside its weights and what it was made with."""
    given = estimator.get_params(deep=False)
    return {
        name: _within(one)
        for name, one in vars(estimator).items()
        if name not in given and name not in COEFFICIENTS and not MADE_ANEW.match(type(one).__module__)
    }


def _within(one):
    """Of objects within an estimator, which one made anew does not have yet, how they are made."""
    if isinstance(one, np.random.RandomState):
        return pilot_tree.Made("RandomState", one.get_state())
    place = "%s.%s" % (type(one).__module__, type(one).__qualname__)
    if _class_within(place) is None:
        return one
    return pilot_tree.Made(place, {name: _within(value) for name, value in vars(one).items()})


def _made(place, state):
    if place == "RandomState":
        generator = np.random.RandomState(0)
        generator.set_state(state)
        return generator
    found = _class_within(place)
    if found is None or not isinstance(state, dict):
        raise ValueError("it names a class that cannot be kept")
    one = object.__new__(found)
    vars(one).update(state)
    return one


def _class_within(place):
    """A class of scikit-learn's own that is nothing but its attributes; None for others."""
    if not WITHIN.fullmatch(place):
        return None
    module, _, name = place.rpartition(".")
    if sys.modules.get("sklearn") is None:
        return None
    found = getattr(sys.modules.get(module) or importlib.import_module(module), name, None)
    if not isinstance(found, type) or found.__module__ != module:
        return None
    base = sys.modules["sklearn"].base.BaseEstimator
    plain = issubclass(found, base) or module == "sklearn.neural_network._stochastic_optimizers"
    return found if plain else None


def _fits(thing, state):
    if isinstance(thing, np.ndarray):
        return isinstance(state, np.ndarray) and state.shape == thing.shape
    if pilot_arrays.is_tensor(thing):
        return pilot_arrays.is_tensor(state) and state.shape == thing.shape
    return type(state) is (dict if isinstance(thing, dict) else list)


def _restored(thing, state):
    """What stands in the place of `thing` from now on: itself, changed, where that can be. The script may hold it, too."""
    if isinstance(state, pilot_tree.State):
        pair = _pair_of(thing)
        if pair is None or type(thing).__name__ != state.name:
            raise ValueError("pilot.keep: %s was kept where the script has %s now" % (state.name, _named(thing)))
        pair[1](state.state)
        return thing
    if isinstance(thing, np.ndarray) and _fits(thing, state):
        thing[...] = state
        return thing
    if pilot_arrays.is_tensor(thing) and _fits(thing, state):
        thing.data.copy_(state)
        return thing
    if isinstance(thing, dict) and isinstance(state, dict):
        for name, one in state.items():
            thing[name] = _restored(thing.get(name), one)
        return thing
    if isinstance(thing, list) and isinstance(state, list):
        known = thing if len(thing) == len(state) else [None] * len(state)
        thing[:] = [_restored(before, one) for before, one in zip(known, state)]
        return thing
    return state


def _named(thing):
    return "an array" if isinstance(thing, np.ndarray) else type(thing).__name__


def _cannot_keep(value, where):
    return TypeError(
        "%s: %s cannot be kept. What can: objects with state_dict and load_state_dict, scikit-learn estimators, "
        "generators of random numbers, arrays, and dicts and lists of these, of numbers and of text."
        % (where, _named(value))
    )
