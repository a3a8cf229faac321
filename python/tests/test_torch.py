import copy
import io
import unittest

import torch

from metadescent.torch import LearnedOptimizer

SHAPES = [(), (5,), (3, 4), (2, 3, 4)]


def params(dtype: torch.dtype = torch.float32) -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(torch.full(shape, 0.5, dtype=dtype)) for shape in SHAPES]


def grade(own: list[torch.nn.Parameter], step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for p in own:
        p.grad = torch.randn(p.shape, generator=generator).to(p.dtype)


class Optimizer(unittest.TestCase):
    def test_resumes_bit_for_bit_through_a_file(self) -> None:
        for dtype in (torch.float32, torch.bfloat16):
            own = params(dtype)
            optimizer = LearnedOptimizer(own, "general", lr=0.01)
            for step in range(10):
                grade(own, step)
                optimizer.step()
            file = io.BytesIO()
            torch.save({"optimizer": optimizer.state_dict(), "params": [p.data for p in own]}, file)
            for step in range(10, 20):
                grade(own, step)
                optimizer.step()

            file.seek(0)
            saved = torch.load(file)
            resumed = [torch.nn.Parameter(data) for data in saved["params"]]
            other = LearnedOptimizer(resumed, "general", lr=1)
            other.load_state_dict(saved["optimizer"])
            self.assertEqual(other.param_groups[0]["lr"], 0.01)
            for state in other.state.values():
                self.assertTrue(all(tensor.dtype == torch.float32 for tensor in state["tensors"]))
            for step in range(10, 20):
                grade(resumed, step)
                other.step()
            for a, b in zip(own, resumed, strict=True):
                self.assertTrue(torch.equal(a, b))

    def test_lr_is_a_multiplier_so_schedulers_work(self) -> None:
        # An LSTM does not see the parameters: only the rate tells the two apart.
        own, other = params(), params()
        scheduled, plain = LearnedOptimizer(own, "mnist"), LearnedOptimizer(other, "mnist")
        scheduler = torch.optim.lr_scheduler.LambdaLR(scheduled, lambda step: 0.5**step)
        for step in range(4):
            before = copy.deepcopy((own, other))
            for p, q in zip(own, other, strict=True):
                p.grad = q.grad = torch.full(p.shape, 0.01 * (step + 1))
            scheduled.step()
            plain.step()
            scheduler.step()
            for a, b, a_before, b_before in zip(own, other, *before, strict=True):
                torch.testing.assert_close(a - a_before, 0.5**step * (b - b_before), rtol=1e-3, atol=1e-7)
        self.assertEqual(scheduled.param_groups[0]["lr"], 0.5**4)

    def test_closures_are_called_with_gradients(self) -> None:
        target = torch.tensor([3.0, -1.0])
        x = torch.nn.Parameter(torch.zeros(2))
        optimizer = LearnedOptimizer([x], "general", lr=0.1)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = ((x - target) ** 2).sum()
            loss.backward()
            return loss.detach()

        first = float(optimizer.step(closure))
        for _ in range(199):
            last = float(optimizer.step(closure))
            scheduler.step()
        self.assertEqual(first, 10.0)
        self.assertLess(last, 0.01)

    def test_parameters_without_gradients_stay(self) -> None:
        own = params()
        optimizer = LearnedOptimizer(own, "general", lr=0.1, weight_decay=0.1)
        grade(own, 0)
        own[1].grad = None
        optimizer.step()
        self.assertTrue(torch.equal(own[1], torch.full((5,), 0.5)))
        self.assertNotIn(own[1], optimizer.state)
        self.assertFalse(torch.equal(own[2], torch.full((3, 4), 0.5)))

    def test_maximize_is_the_negative_gradient(self) -> None:
        own, other = params(), params()
        up, down = LearnedOptimizer(own, "mnist", maximize=True), LearnedOptimizer(other, "mnist")
        grade(own, 0)
        for p, q in zip(own, other, strict=True):
            q.grad = -p.grad
        up.step()
        down.step()
        for a, b in zip(own, other, strict=True):
            self.assertTrue(torch.equal(a, b))

    def test_groups_have_their_own_rates(self) -> None:
        own = params()
        optimizer = LearnedOptimizer([{"params": own[:2], "lr": 0.0}], "general", lr=0.1)
        optimizer.add_param_group({"params": own[2:]})
        grade(own, 0)
        optimizer.step()
        self.assertTrue(torch.equal(own[1], torch.full((5,), 0.5)))
        self.assertFalse(torch.equal(own[2], torch.full((3, 4), 0.5)))

    def test_refusals(self) -> None:
        own = params()
        optimizer = LearnedOptimizer(own, "general")
        grade(own, 0)
        optimizer.step()
        with self.assertRaisesRegex(ValueError, "belongs to another trained optimizer"):
            LearnedOptimizer(own, "mnist").load_state_dict(optimizer.state_dict())
        with self.assertRaisesRegex(ValueError, "both must be at least 0"):
            LearnedOptimizer(own, "general", lr=-1)
        p = torch.nn.Parameter(torch.zeros(3))
        p.grad = torch.sparse_coo_tensor(torch.tensor([[0]]), torch.tensor([1.0]), (3,))
        with self.assertRaisesRegex(ValueError, "sparse and complex gradients are not supported"):
            LearnedOptimizer([p], "general").step()


if __name__ == "__main__":
    unittest.main()
