"""
Distils the teacher into the student.

Every step's crops are drawn from the seed, the step and the micro-batch; each micro-batch's gradient is kept apart and
they are summed in order. So the result doesn't depend on how many processes share the work, nor on where a run was cut
off and went on. Each process computes in one thread: on a machine that does other things, waiting for each other once
a step costs far less than once an operator.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import multiprocessing, nn
from torch.nn import functional as F

import teacher as teachers
from data import Source, draw_crops, read_sources
from student import Adaptors, Student

MICRO_BATCHES = 4
MICRO_BATCH = 32
RATE = 2e-3
WEIGHT_DECAY = 0.02
WARM_UP = 300
# Weight of the pooled last features beside the four maps: pooled is how codes are used.
POOLED = 1.0
SAVE_EVERY_SECONDS = 90


@dataclass(frozen=True)
class Target:
    """What the student is to imitate. Not a module: it isn't trained, nor saved."""

    teacher: teachers.Teacher
    # Of each channel, a tensor a tap.
    deviations: list[torch.Tensor]
    # What is left of the last tap's variance after pooling.
    pooled_share: float


class Distiller(nn.Module):
    """The student with its adaptors, and the loss against the teacher."""

    def __init__(self, target: Target):
        super().__init__()
        self.student = Student()
        self.adaptors = Adaptors(teachers.CHANNELS)
        self.target = target

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, list[float]]:
        """The loss of [N, 3, H, W], and its five parts: the four taps' and that of the pooled last one."""
        with torch.no_grad():
            wanted = [tap.float() for tap in self.target.teacher(crops.bfloat16())]
        with torch.autocast("cpu", torch.bfloat16):
            given = self.adaptors(self.student(crops))
        parts = []
        for mine, theirs, deviation in zip(given, wanted, self.target.deviations):
            parts.append((((mine.float() - theirs) / deviation[:, None, None]) ** 2).mean())
        pooled = (given[-1].float().mean((2, 3)) - wanted[-1].mean((2, 3))) / self.target.deviations[-1]
        parts.append((pooled**2).mean() / self.target.pooled_share)
        loss = sum(parts[:4]) + POOLED * parts[4]
        return loss, [part.item() for part in parts]


def measure_target(teacher: teachers.Teacher, sources: list[Source], size: int, seed: int) -> Target:
    """Deviations of the teacher's channels over unmixed crops."""
    taps: list[list[torch.Tensor]] = [[] for _ in teachers.TAPS]
    with torch.no_grad():
        for i in range(16):
            crops = draw_crops(sources, size, 64, (seed, 1, i), mix=False)
            for values, tap in zip(taps, teacher(crops.to(memory_format=torch.channels_last).bfloat16())):
                values.append(tap.float())
    joined = [torch.cat(values) for values in taps]
    # A channel that is nearly always silent must not weigh a thousandfold.
    deviations = [(d := tap.std((0, 2, 3))).clamp_min(0.1 * d.mean().item()) for tap in joined]
    pooled = joined[-1].mean((2, 3)).std(0) / deviations[-1]
    return Target(teacher, deviations, (pooled**2).mean().item())


def rate_at(step: int, total: int, decay: int) -> float:
    """Warm-up, then stable, then down to nothing in a straight line over the last `decay` steps."""
    return RATE * min(1, (step + 1) / WARM_UP, max(0, total - step) / decay)


class Shared:
    """What the processes see together: the parameters, a gradient for each micro-batch, and what they agree on."""

    def __init__(self, parameters: int, workers: int):
        self.parameters = torch.zeros(parameters).share_memory_()
        self.gradients = torch.zeros(MICRO_BATCHES, parameters).share_memory_()
        self.parts = torch.zeros(MICRO_BATCHES, 5).share_memory_()
        # Step, crop side; a step below zero ends the work.
        self.order = torch.zeros(2, dtype=torch.long).share_memory_()
        self.next = multiprocessing.get_context("fork").Value("i", 0)
        self.start = multiprocessing.get_context("fork").Barrier(workers)
        self.end = multiprocessing.get_context("fork").Barrier(workers)


def flatten(model: nn.Module, shared: Shared) -> list[torch.Tensor]:
    """Makes the model's parameters views of the shared ones; weights of convolutions keep their memory order."""
    offset = 0
    parameters = list(model.parameters())
    for parameter in parameters:
        count = parameter.numel()
        parameter.data = shared.parameters[offset : offset + count].view(parameter.shape)
        offset += count
    return parameters


def take_micro_batches(model: Distiller, sources: list[Source], shared: Shared, seed: int) -> None:
    """Computes gradients of micro-batches of the ordered step until none is left."""
    parameters = [p for p in model.parameters()]
    step, size = shared.order.tolist()
    while True:
        with shared.next.get_lock():
            micro = shared.next.value
            shared.next.value += 1
        if micro >= MICRO_BATCHES:
            return
        # Half of the batches are mixed.
        crops = draw_crops(sources, size, MICRO_BATCH, (seed, 0, step, micro), mix=micro % 2 == 1)
        loss, parts = model(crops.to(memory_format=torch.channels_last))
        gradients = torch.autograd.grad(loss / MICRO_BATCHES, parameters)
        torch.cat([gradient.reshape(-1) for gradient in gradients], out=shared.gradients[micro])
        shared.parts[micro] = torch.tensor(parts)


def help_out(model: Distiller, sources: list[Source], shared: Shared, seed: int) -> None:
    """A process that takes its share of every step."""
    torch.set_num_threads(1)
    while True:
        shared.start.wait()
        if shared.order[0] < 0:
            return
        take_micro_batches(model, sources, shared, seed)
        shared.end.wait()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    options.add_argument("--shared", type=Path, default=Path("../shared"), help="images and the teacher's weights")
    options.add_argument("--out", type=Path, required=True, help="where checkpoints and the log go; goes on from there")
    options.add_argument("--steps", type=int, default=10_223, help="as many as the starter that ships took")
    options.add_argument("--decay", type=int, default=2000, help="steps over which the rate falls at the end")
    options.add_argument("--size", type=int, default=96, help="side of the crops")
    options.add_argument("--procedural", type=int, default=6000)
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options.add_argument("--seed", type=int, default=0)
    train(options.parse_args())


def train(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    sources = read_sources(options.shared, options.out, options.procedural, options.workers, options.seed)
    teacher = teachers.Teacher(options.shared / "models/mobilenet-v1-1.0-224-trunk")
    teacher = teacher.to(memory_format=torch.channels_last).bfloat16()
    model = Distiller(measure_target(teacher, sources, options.size, options.seed))
    start = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    shared = Shared(start.numel(), options.workers)
    shared.parameters.copy_(start)
    optimizer, step = adam_w(model, shared), 0
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        step = go_on(checkpoint, model, shared, optimizer)
    helpers = [
        multiprocessing.get_context("fork").Process(
            target=help_out, args=(model, sources, shared, options.seed), daemon=True
        )
        for _ in range(options.workers - 1)
    ]
    for helper in helpers:
        helper.start()
    log = (options.out / "log.jsonl").open("a")
    saved, since, recent = time.monotonic(), (step, time.monotonic()), []
    total = options.steps
    while step < total:
        total = end_of(options, step, total)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, total, options.decay)
        shared.order[0], shared.order[1], shared.next.value = step, options.size, 0
        shared.start.wait()
        take_micro_batches(model, sources, shared, options.seed)
        shared.end.wait()
        apply(shared.gradients.sum(0), model, optimizer)
        recent.append(shared.parts.mean(0).numpy().copy())
        step += 1
        if step % 50 == 0:
            rate = (step - since[0]) * MICRO_BATCHES * MICRO_BATCH / (time.monotonic() - since[1])
            line = {"step": step, "of": total, "crops_per_second": round(rate, 1)}
            log.write(json.dumps(line | {"parts": np.mean(recent, 0).round(4).tolist()}) + "\n")
            log.flush()
            since, recent = (step, time.monotonic()), []
        if time.monotonic() - saved > SAVE_EVERY_SECONDS or step == total:
            save(checkpoint, model, optimizer, step)
            saved = time.monotonic()
    shared.order[0] = -1
    shared.start.wait()


def end_of(options: argparse.Namespace, step: int, total: int) -> int:
    """A file `end-early` in the output folder has the rate begin to fall now; what it was is written into it."""
    wish = options.out / "end-early"
    if not wish.exists():
        return total
    if not wish.read_text().strip():
        wish.write_text(str(min(total, step + options.decay)))
    return int(wish.read_text())


def adam_w(model: nn.Module, shared: Shared) -> torch.optim.Optimizer:
    """AdamW over the shared parameters; normalisation and biases don't decay."""
    parameters = flatten(model, shared)
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, RATE, fused=True)


def apply(gradient: torch.Tensor, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    offset = 0
    for parameter in model.parameters():
        parameter.grad = gradient[offset : offset + parameter.numel()].view(parameter.shape)
        offset += parameter.numel()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    partial = path.with_suffix(".part")
    torch.save({"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, partial)
    partial.rename(path)


def go_on(path: Path, model: nn.Module, shared: Shared, optimizer: torch.optim.Optimizer) -> int:
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]


if __name__ == "__main__":
    main()
