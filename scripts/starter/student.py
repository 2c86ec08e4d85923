"""The student: a small plain residual network, which CPUs run and train well."""

import torch
from torch import nn
from torch.nn import functional as F

STEM = 32
# Channels and stride of each block; the stem has stride 2.
BLOCKS = ((48, 2), (96, 2), (192, 2), (192, 1), (384, 2))
# The blocks that end where the teacher's taps do: strides 4, 8, 16 and 32.
TAPS = (0, 1, 3, 4)


class Block(nn.Module):
    """Two 3x3 convolutions around which the input goes by a 1x1 convolution, or as it is."""

    def __init__(self, inside: int, out: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        changes = inside != out or stride != 1
        self.project = nn.Conv2d(inside, out, 1, stride, bias=False) if changes else None
        self.project_norm = nn.BatchNorm2d(out) if changes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = self.project_norm(self.project(x)) if self.project else x
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)) + around)


class Student(nn.Module):
    """Takes [N, 3, H, W] in -1..1 and returns the activations after each block."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(STEM)
        widths = (STEM, *(out for out, _ in BLOCKS))
        self.blocks = nn.ModuleList(
            Block(inside, out, stride) for inside, (out, stride) in zip(widths, BLOCKS)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = F.relu(self.stem_norm(self.stem(x)))
        ends = []
        for block in self.blocks:
            x = block(x)
            ends.append(x)
        return ends


class Adaptors(nn.Module):
    """One 1x1 convolution a tap, from the student's channels to the teacher's. They aren't shipped."""

    def __init__(self, teacher_channels: tuple[int, ...]):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(BLOCKS[tap][0], channels, 1) for tap, channels in zip(TAPS, teacher_channels)
        )

    def forward(self, ends: list[torch.Tensor]) -> list[torch.Tensor]:
        return [conv(ends[tap]) for conv, tap in zip(self.convs, TAPS)]
