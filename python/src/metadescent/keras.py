"""Trained optimizers for Keras 3, on any of its back ends."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from .files import Trained
from .networks import Array, Misfit
from .optimizer import load


@keras.saving.register_keras_serializable(package="metadescent")
class LearnedOptimizer(keras.optimizers.Optimizer):
    """A trained optimizer.

        model.compile(optimizer=LearnedOptimizer("general", learning_rate=0.01), loss=...)

    source: as in `metadescent.load`; what is saved with a model is this name, so a file has to stay where it is.
    learning_rate: a number or a schedule; by default the optimizer's usual one, 1 for LSTMs and 0.001 for MLPs.
    weight_decay: decoupled, as in AdamW.
    The other arguments are those of every Keras optimizer.

    Raises WeightsError; Misfit where the optimizer does not fit the variables, whose paths are the names for its groups.
    """

    def __init__(
        self,
        source: Any = "general",
        learning_rate: Any = None,
        weight_decay: float | None = None,
        name: str = "learned_optimizer",
        **kwargs: Any,
    ) -> None:
        applied = load(source)
        if any(group.network.joint for group in applied.groups):
            raise Misfit("this optimizer sees all coordinates at once, and Keras updates one variable after the other")
        rate = applied.usual_rate if learning_rate is None else learning_rate
        super().__init__(learning_rate=rate, name=name, **kwargs)
        self._applied = applied
        self._source = source
        # Keras' own decay comes before the update, which would then see other values.
        self._decay = weight_decay or 0.0

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        names = [variable.path for variable in variables]
        owners = self._applied.owners(names)
        self._networks = [owners[name].network for name in names]
        self._states = []
        for variable, network in zip(variables, self._networks, strict=True):
            shapes = [array.shape for array in network.init(np, tuple(variable.shape))]
            self._states.append(
                [self.add_variable(shape, dtype="float32", name=f"state_{at}") for at, shape in enumerate(shapes)]
            )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable."""
        index = self._get_variable_index(variable)
        states = self._states[index]
        value = ops.cast(variable, "float32")
        before = tuple(ops.convert_to_tensor(state) for state in states)
        steps = ops.cast(self.iterations, "float32")
        update, following = self._networks[index].update(_Ops, ops.cast(gradient, "float32"), value, before, steps)
        for state, now in zip(states, following, strict=True):
            self.assign(state, now)
        if self._decay and self._use_weight_decay(variable):
            update = update - self._decay * value
        moved = value + ops.cast(learning_rate, "float32") * update
        self.assign(variable, ops.cast(moved, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        if isinstance(self._source, (bytes, Trained)):
            raise ValueError("an optimizer from bytes cannot be saved with a model: name a file or one of the package")
        config = super().get_config()
        return {**config, "source": str(self._source), "weight_decay": self._decay}


class _Ops:
    """What the networks use of an array namespace."""

    float32 = "float32"
    asarray = staticmethod(ops.convert_to_tensor)
    tanh = staticmethod(ops.tanh)
    exp = staticmethod(ops.exp)
    log = staticmethod(ops.log)
    sqrt = staticmethod(ops.sqrt)
    abs = staticmethod(ops.abs)
    sign = staticmethod(ops.sign)
    where = staticmethod(ops.where)
    reshape = staticmethod(ops.reshape)
    moveaxis = staticmethod(ops.moveaxis)
    broadcast_to = staticmethod(ops.broadcast_to)
    concatenate = staticmethod(ops.concatenate)
    mean = staticmethod(ops.mean)

    @staticmethod
    def clip(x: Array, low: float | None, high: float | None) -> Array:
        if low is not None:
            x = ops.maximum(x, low)
        return x if high is None else ops.minimum(x, high)
