"""Crops to distil on: read once into memory, then drawn, turned, recoloured and mixed by a seed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from procedural import procedural_images


@dataclass(frozen=True)
class Source:
    """Images of one kind, and how crops of them are drawn."""

    images: list[Image.Image] | np.ndarray
    # Of all crops.
    share: float
    # Side of the square of the same area as the crop: as a fraction of the image's shorter side.
    smallest: float
    largest: float
    # How often a crop is turned by a quarter and stood on its head: what has an up should mostly keep it.
    turned: float


def is_transfer_smear(name: str) -> bool:
    """Half of the blood smears, by their names; the gates use the other half only."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def read_sources(shared: Path, cache: Path, procedural: int, workers: int, seed: int) -> list[Source]:
    """
    1,000 ImageNet images, half of the blood smears without their labels, and `procedural` images that nobody took. Of
    the white blood cells in ../shared/data/wbc none: the gates are measured on them.
    """
    natural = sorted((shared / "data/imagenet-samples").glob("*.jpg")) + sorted(
        (shared / "data/imagenet-thumbs").glob("*.jpg")
    )
    smears = [path for path in sorted((shared / "data/bccd").rglob("*.jpg")) if is_transfer_smear(path.name)]
    if not natural or not smears:
        raise SystemExit(f"{shared}/data must hold imagenet-samples, imagenet-thumbs and bccd.")
    made = procedural_images(procedural, seed, cache, workers)
    return [
        Source(read_images(natural), 0.5, 0.3, 1.0, 0.3),
        Source(read_images(smears), 0.15, 0.08, 0.7, 1.0),
        Source(made, 0.35, 0.3, 1.0, 1.0),
    ]


def read_images(paths: list[Path]) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in paths]


def draw_crops(sources: list[Source], size: int, count: int, seed: tuple[int, ...], mix: bool) -> torch.Tensor:
    """[count, 3, size, size] in -1..1, the same for the same seed."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(sources), count, p=[source.share for source in sources])
    crops = np.stack([draw_crop(random, sources[kind], size) for kind in chosen])
    pixels = recoloured(random, crops.astype(np.float32) / 255)
    return torch.from_numpy(mixed(random, pixels) if mix else pixels).permute(0, 3, 1, 2) * 2 - 1


def draw_crop(random: np.random.Generator, source: Source, size: int) -> np.ndarray:
    """uint8 [size, size, 3]"""
    index = int(random.integers(len(source.images)))
    image = source.images[index]
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    side = np.exp(random.uniform(np.log(source.smallest), np.log(source.largest))) * min(image.size)
    aspect = np.exp(random.uniform(-0.3, 0.3) / 2)
    width, height = min(side * aspect, image.width), min(side / aspect, image.height)
    left, top = random.uniform(0, image.width - width), random.uniform(0, image.height - height)
    box = (left, top, left + width, top + height)
    # Some are made of few pixels, as small cells of a large image are.
    if random.random() < 0.3:
        few = int(np.exp(random.uniform(np.log(size / 6), np.log(size))))
        image = image.resize((few, few), Image.Resampling.BILINEAR, box)
        box = (0, 0, few, few)
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box))
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
    if random.random() < source.turned:
        pixels = np.rot90(pixels, int(random.integers(4)))
    return pixels


# Grey of red, green and blue (ITU-R BT.601).
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def recoloured(random: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """
    Other stains, lamps and cameras: gamma, contrast, brightness, saturation, hue, colour balance; now and then grey,
    inverted, or with its channels exchanged. pixels: [N, H, W, 3] in 0..1
    """
    count = len(pixels)
    strong = (random.random(count) < 0.8).astype(np.float32)
    matrices, offsets = np.empty((count, 3, 3), np.float32), np.empty((count, 1, 3), np.float32)
    for i in range(count):
        s = strong[i]
        saturation = 0.0 if random.random() < 0.08 else np.exp(random.normal(0, 0.3) * s)
        matrix = saturation * hue_turn(random.normal(0, 0.25) * s) + (1 - saturation) * np.outer(np.ones(3), LUMA)
        matrix = np.diag(np.exp(random.normal(0, 0.1, 3) * s)) @ matrix
        if random.random() < 0.05:
            matrix = matrix[random.permutation(3)]
        contrast = np.exp(random.normal(0, 0.25) * s) * (-1 if random.random() < 0.04 else 1)
        brightness = random.normal(0, 0.08) * s
        # Around middle grey.
        matrices[i] = contrast * matrix
        offsets[i] = 0.5 + brightness - 0.5 * matrices[i].sum(1)
    gamma = np.exp(random.normal(0, 0.2, (count, 1, 1)).astype(np.float32) * strong[:, None, None])
    flat = pixels.reshape(count, -1, 3)
    flat = np.maximum(flat, 1e-4) ** gamma
    flat = np.matmul(flat, matrices.transpose(0, 2, 1)) + offsets
    return np.clip(flat, 0, 1).reshape(pixels.shape)


def hue_turn(angle: float) -> np.ndarray:
    """Turns colours around the grey axis (Rodrigues' formula)."""
    axis = np.full(3, 3**-0.5)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(axis, axis)


def mixed(random: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Each crop blended with another, or with a part of another in it."""
    others = pixels[random.permutation(len(pixels))]
    if random.random() < 0.5:
        share = random.uniform(0, 1, (len(pixels), 1, 1, 1)).astype(np.float32)
        return share * pixels + (1 - share) * others
    result = pixels.copy()
    size = pixels.shape[1]
    for i in range(len(pixels)):
        side = int(size * np.sqrt(random.uniform(0.1, 0.6)))
        top, left = random.integers(0, size - side + 1, 2)
        result[i, top : top + side, left : left + side] = others[i, top : top + side, left : left + side]
    return result


