"""The teacher: the trunk of MobileNet v1 (alpha = 1.0, ImageNet), read from a TensorFlow.js layers-model."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# Where the student's features are compared with the teacher's: the ends of strides 4, 8, 16 and 32.
# Numbers of its depthwise separable convolutions.
TAPS = (3, 5, 11, 13)
CHANNELS = (128, 256, 512, 1024)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
EPSILON = 1e-3


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """The named float32 arrays of a layers-model's weight manifest."""
    weights = {}
    for group in json.loads((folder / "model.json").read_text())["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        offset = 0
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            array = np.frombuffer(data, np.float32, count, offset)
            weights[entry["name"]] = array.reshape(entry["shape"])
            offset += 4 * count
    return weights


class Teacher(nn.Module):
    """
    Takes [N, 3, H, W] in -1..1 and returns the activations at TAPS.

    Strided convolutions are padded on both sides, as the student's are, not only below and on the right as TensorFlow
    does: then value (i, j) of both networks looks at the same pixels of the image. Inside the image the features are
    the teacher's own.
    """

    def __init__(self, folder: Path):
        super().__init__()
        weights = read_weights(folder)
        self.stem = folded(weights, "conv1", "kernel", stride=2)
        self.depthwise = nn.ModuleList(
            folded(weights, f"conv_dw_{i}", "depthwise_kernel", stride) for i, stride in enumerate(STRIDES, 1)
        )
        self.pointwise = nn.ModuleList(folded(weights, f"conv_pw_{i}", "kernel", 1) for i in range(1, 13))
        self.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        taps = []
        x = F.relu6(self.stem(x))
        for i, depthwise in enumerate(self.depthwise):
            x = F.relu6(depthwise(x))
            # The trunk ends before the last of the 1x1 convolutions.
            if i < len(self.pointwise):
                x = F.relu6(self.pointwise[i](x))
            if i + 1 in TAPS:
                taps.append(x)
        return taps


def folded(weights: dict[str, np.ndarray], name: str, kind: str, stride: int) -> nn.Conv2d:
    """A convolution with its normalisation folded in; the teacher isn't trained."""
    kernel = weights[f"{name}/{kind}"]
    depthwise = kind == "depthwise_kernel"
    # Keras: [height, width, in, out], and [height, width, channels, 1] where depthwise.
    kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
    norm = {part: weights[f"{name}_bn/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")}
    scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + EPSILON)
    out, inside, size = kernel.shape[0], kernel.shape[1], kernel.shape[2]
    conv = nn.Conv2d(out if depthwise else inside, out, size, stride, size // 2, groups=out if depthwise else 1)
    conv.weight.data = torch.from_numpy(kernel * scale[:, None, None, None])
    conv.bias.data = torch.from_numpy(norm["beta"] - norm["moving_mean"] * scale)
    return conv
