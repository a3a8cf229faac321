"""A trained optimizer over named arrays, in NumPy or another array namespace."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

import numpy as np

from .files import Trained, WeightsError, open_trained
from .networks import Array, Misfit, Network, Shape, TensorState, network_from

Named = Mapping[str, Array]


@dataclass(frozen=True)
class State:
    """What an optimizer keeps between steps."""

    steps: int
    """Taken so far."""
    tensors: dict[str, TensorState]
    """By name; of a network that sees several tensors at once under the name of the first."""
    sha256: str
    """The optimizer's."""


@dataclass(frozen=True)
class Group:
    """Some tensors, and the network that optimises them."""

    name: str
    patterns: tuple[str, ...]
    """Names of tensors, beginnings of names such as "conv*", or "*" for all that no other group names."""
    network: Network

    def takes(self, name: str) -> bool:
        return any(name == one or (len(one) > 1 and one[-1] == "*" and name.startswith(one[:-1])) for one in self.patterns)


class LearnedOptimizer:
    """A trained optimizer.

    Its methods are pure. They take and return dictionaries of arrays by name, each of any shape; a list of arrays does too,
    its names are "0", "1", ... `xp` is the arrays' namespace.
    """

    def __init__(self, trained: Trained) -> None:
        self.trained = trained
        spec, left = trained.spec, dict(trained.tensors)
        if spec.get("name") == "groups":
            self.groups = [self._group(group, left) for group in spec["groups"]]
        else:
            self.groups = [Group("", ("*",), network_from(spec, left, ""))]
        if left:
            raise WeightsError(f"tensor {next(iter(left))} has no place in the optimizer's spec")

    @staticmethod
    def _group(group: dict[str, Any], tensors: dict[str, np.ndarray]) -> Group:
        name, optimizer = group["name"], group["optimizer"]
        if optimizer["name"] not in ("lstm", "mlp"):
            raise WeightsError(f"group {name} has {optimizer['name']!r}: this package runs groups of networks only")
        return Group(name, tuple(group["parameters"]), network_from(optimizer, tensors, f"{name}/"))

    @property
    def usual_rate(self) -> float:
        """The learning rate where a step names none: 1 for LSTMs, 0.001 for MLPs.

        Raises Misfit if it has groups of both: then each takes its own, and there is no single one.
        """
        rates = {group.network.usual_rate for group in self.groups}
        if len(rates) > 1:
            raise Misfit(f"groups have usual rates of {' and '.join(map(str, sorted(rates)))}: name a learning rate")
        return rates.pop()

    @property
    def sees_values(self) -> bool:
        """Whether updates need the values that are optimised."""
        return any(group.network.sees_values for group in self.groups)

    def owners(self, names: Sequence[str]) -> dict[str, Group]:
        """Each tensor's group. Raises Misfit."""
        rest = next((group for group in self.groups if "*" in group.patterns), None)
        owned: dict[str, Group] = {}
        for name in names:
            takers = [group for group in self.groups if group.takes(name)] or ([rest] if rest else [])
            if len(takers) != 1:
                said = "; ".join(f"{group.name} takes {', '.join(group.patterns)}" for group in self.groups)
                raise Misfit(f"{len(takers) or 'no'} groups of this optimizer take {name}: {said}")
            owned[name] = takers[0]
        return owned

    def init(self, params: Named | Sequence[Array], xp: Any = np) -> State:
        """The state before the first step; of `params` only names and shapes matter. Raises Misfit."""
        shapes: dict[str, Shape] = {name: tuple(value.shape) for name, value in named(params).items()}
        tensors: dict[str, TensorState] = {}
        for group, names in self.parts(list(shapes)):
            joint = (sum(math.prod(shapes[name]) for name in names),)
            tensors[names[0]] = group.network.init(xp, joint if group.network.joint else shapes[names[0]])
        return State(0, tensors, self.trained.sha256)

    def parts(self, names: Sequence[str]) -> list[tuple[Group, list[str]]]:
        """What has a state of its own: each tensor, or all tensors of a network that sees them at once."""
        owned = self.owners(names)
        parts: list[tuple[Group, list[str]]] = []
        for group in self.groups:
            own = [name for name in names if owned[name] is group]
            if group.network.joint and own:
                parts.append((group, own))
            else:
                parts += [(group, [name]) for name in own]
        return parts

    def update(
        self,
        gradients: Named | Sequence[Array],
        state: State,
        params: Named | Sequence[Array] | None = None,
        *,
        learning_rate: float | None = None,
        weight_decay: float = 0.0,
        xp: Any = np,
    ) -> tuple[Any, State]:
        """One step.

        params: the values; needed if `sees_values`, and for a weight decay, which is decoupled.
        Returns what is *added* to the values, as `gradients` are given, and the next state. Raises Misfit and ValueError.
        """
        if state.sha256 != self.trained.sha256:
            raise ValueError("the state belongs to another trained optimizer")
        if params is None and (self.sees_values or weight_decay > 0):
            raise ValueError(f"params are missing: {'a weight decay' if weight_decay > 0 else 'this optimizer'} needs them")
        g = named(gradients)
        values = None if params is None else named(params)
        updates: dict[str, Array] = {}
        following: dict[str, TensorState] = {}
        for group, names in self.parts(list(g)):
            first = names[0]
            if first not in state.tensors:
                raise Misfit(f"the state has no {first}")
            directions, following[first] = self.directions(xp, group.network, g, values, state.tensors[first], state.steps, names)
            rate = group.network.usual_rate if learning_rate is None else learning_rate
            for name in names:
                direction = directions[name]
                if weight_decay > 0 and values is not None:
                    direction = direction - weight_decay * values[name]
                updates[name] = rate * direction
        shaped = updates if isinstance(gradients, Mapping) else [updates[name] for name in g]
        return shaped, State(state.steps + 1, following, state.sha256)

    @staticmethod
    def directions(
        xp: Any, network: Network, gradients: Named, values: Named | None, state: TensorState, steps: Array, names: list[str]
    ) -> tuple[dict[str, Array], TensorState]:
        """The updates of one part at a learning rate of 1, and its next state."""
        if not network.joint:
            (name,) = names
            value = None if values is None else values[name]
            update, following = network.update(xp, gradients[name], value, state, steps)
            return {name: update}, following
        flat = xp.concatenate([xp.reshape(gradients[name], (-1,)) for name in names], axis=0)
        update, following = network.update(xp, flat, None, state, steps)
        updates, at = {}, 0
        for name in names:
            size = math.prod(gradients[name].shape)
            updates[name] = xp.reshape(update[at : at + size], gradients[name].shape)
            at += size
        return updates, following


def named(arrays: Named | Sequence[Array]) -> dict[str, Array]:
    return dict(arrays) if isinstance(arrays, Mapping) else {str(at): array for at, array in enumerate(arrays)}


def load(source: str | os.PathLike[str] | bytes | Trained) -> LearnedOptimizer:
    """The optimizer in a file, in this package or of a service; `open_trained` says how it is named. Raises WeightsError."""
    return LearnedOptimizer(source if isinstance(source, Trained) else open_trained(source))
