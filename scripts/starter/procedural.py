"""Images that nobody took: dead leaves, fractals, shaders, and synthetic cells, tissue and grains. All by a seed."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 160
Random = np.random.Generator


def procedural_images(count: int, seed: int, cache: Path, workers: int) -> np.ndarray:
    """`count` images as uint8 [count, SIDE, SIDE, 3]; made once and kept in `cache`."""
    path = cache / f"procedural-{count}-{seed}.npy"
    if not path.exists():
        with ProcessPoolExecutor(workers) as pool:
            made = list(pool.map(procedural_image, range(count), [seed] * count, chunksize=50))
        partial = path.with_suffix(".part.npy")
        np.save(partial, np.stack(made))
        partial.rename(path)
    return np.load(path)


def procedural_image(index: int, seed: int) -> np.ndarray:
    """Image number `index`; the kinds take turns."""
    random = np.random.default_rng([seed, index])
    made = KINDS[index % len(KINDS)](random)
    return np.clip(made, 0, 255).astype(np.uint8)


# Building blocks


def noise(random: Random, exponent: float) -> np.ndarray:
    """Gaussian noise whose amplitude falls with frequency ** -exponent; [SIDE, SIDE], mean 0, deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(random.standard_normal((SIDE, SIDE))) * frequency**-exponent
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (SIDE, SIDE))
    return field / field.std()


def grid() -> tuple[np.ndarray, np.ndarray]:
    """x and y in -1..1."""
    axis = np.linspace(-1, 1, SIDE)
    return np.meshgrid(axis, axis)


def colour(random: Random) -> np.ndarray:
    return random.uniform(0, 255, 3)


def palette(random: Random, values: np.ndarray) -> np.ndarray:
    """A smooth palette of three or more colours over values in 0..1; [..., 3]."""
    count = int(random.integers(3, 7))
    stops, colours = np.linspace(0, 1, count), random.uniform(0, 255, (count, 3))
    return np.stack([np.interp(values, stops, colours[:, i]) for i in range(3)], -1)


def blurred(image: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius)), float)


def outline(random: Random, x: float, y: float, radius: float, roughness: float, points: int = 32) -> list[tuple]:
    """A closed line around (x, y): an ellipse whose radius wavers by `roughness`."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    waver = sum(random.normal(0, roughness / k) * np.sin(k * angle + random.uniform(0, 7)) for k in range(2, 6))
    stretch, turn = random.uniform(0.75, 1), random.uniform(0, np.pi)
    r = radius * np.maximum(0.2, 1 + waver)
    u, v = r * np.cos(angle), r * stretch * np.sin(angle)
    return list(zip(x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)))


def mask(points: list[list[tuple]], soft: float = 0.7) -> np.ndarray:
    """Coverage 0..1 [SIDE, SIDE] of some polygons."""
    image = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    for polygon in points:
        draw.polygon(polygon, fill=255)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(soft)), float) / 255


def paint(image: np.ndarray, cover: np.ndarray, paint_colour: np.ndarray) -> None:
    """Lays a colour, or an image, over `image` in place."""
    image += cover[..., None] * (paint_colour - image)


def places(random: Random, count: int, radius: float, apart: float) -> list[tuple[float, float]]:
    """Up to `count` places, `apart` radii from each other where there is room."""
    found: list[tuple[float, float]] = []
    for _ in range(count * 6):
        x, y = random.uniform(-radius / 2, SIDE + radius / 2, 2)
        if all((x - a) ** 2 + (y - b) ** 2 > (apart * radius) ** 2 for a, b in found):
            found.append((x, y))
        if len(found) == count:
            break
    return found


# Kinds


def dead_leaves(random: Random) -> np.ndarray:
    """Shapes that cover each other, sizes by a power law, plain or textured."""
    image = np.tile(colour(random), (SIDE, SIDE, 1))
    textured = random.random() < 0.6
    for _ in range(int(random.integers(40, 140))):
        radius = min(70.0, 4 * random.random() ** (-1 / random.uniform(1.2, 2.2)))
        x, y = random.uniform(0, SIDE, 2)
        corners = int(random.choice([3, 4, 5, 6, 24]))
        cover = mask([outline(random, x, y, radius, random.uniform(0, 0.15), corners)], 0.5)
        base = colour(random)
        if textured and radius > 10:
            base = base + noise(random, random.uniform(0.3, 1.6))[..., None] * random.uniform(5, 40, 3)
        paint(image, cover, base)
    return image


def fractal(random: Random) -> np.ndarray:
    """
    An iterated function system, drawn by the chaos game. Its singular values are drawn so that it neither falls together
    nor fills the plane (Anderson and Farrell, arXiv 2110.03091).
    """
    count = int(random.integers(2, 6))
    maps = random.uniform(-1, 1, (count, 2, 3))
    values = random.uniform(0.4, 1, (count, 2)) * [1, 0.8]
    values *= random.uniform(5 + count, 6 + count) / 2 / (values[:, 0] + 2 * values[:, 1]).sum()
    for one, pair in zip(maps, np.minimum(values, 0.95)):
        left, right = (np.linalg.qr(random.standard_normal((2, 2)))[0] for _ in range(2))
        one[:, :2] = left * pair @ right
    weights = np.abs(np.linalg.det(maps[:, :, :2])) + 0.03
    points, hue = random.uniform(-1, 1, (3000, 2)), np.zeros(3000)
    seen, hues = [], []
    for step in range(45):
        chosen = random.choice(count, 3000, p=weights / weights.sum())
        points = np.einsum("nij,nj->ni", maps[chosen, :, :2], points) + maps[chosen, :, 2]
        hue = (hue + chosen / count) / 2
        if step > 8:
            seen.append(points)
            hues.append(hue)
    places_seen, hues_seen = np.concatenate(seen), np.concatenate(hues)
    low, high = np.percentile(places_seen, [1, 99], axis=0)
    pixels = ((places_seen - low) / np.maximum(high - low, 1e-6) * (SIDE - 20) + 10).astype(int)
    inside = ((pixels >= 0) & (pixels < SIDE)).all(1)
    flat = pixels[inside, 1] * SIDE + pixels[inside, 0]
    density = np.bincount(flat, minlength=SIDE * SIDE).reshape(SIDE, SIDE)
    tone = np.bincount(flat, hues_seen[inside], SIDE * SIDE).reshape(SIDE, SIDE) / np.maximum(density, 1)
    cover = np.log1p(density) / np.log1p(density.max())
    background = palette(random, np.clip(noise(random, 2) / 5 + 0.5, 0, 1)) if random.random() < 0.5 else colour(random)
    image = np.zeros((SIDE, SIDE, 3)) + background
    paint(image, np.clip(cover * random.uniform(1.5, 4), 0, 1), palette(random, tone))
    return image


def shader(random: Random) -> np.ndarray:
    """A random function of the place: waves, rings and noise, bent by each other, through a palette."""
    x, y = grid()
    value = np.zeros_like(x)
    for _ in range(int(random.integers(2, 6))):
        kind, frequency = random.integers(5), np.exp(random.uniform(0.3, 3.2))
        bend = random.uniform(0, 0.5)
        u, v = x + bend * noise(random, 2) / 3, y + bend * noise(random, 2) / 3
        turn = random.uniform(0, np.pi)
        along = u * np.cos(turn) + v * np.sin(turn)
        if kind == 0:
            part = np.sin(frequency * along + random.uniform(0, 7))
        elif kind == 1:
            part = np.sin(frequency * np.hypot(u - random.normal(0, 0.6), v - random.normal(0, 0.6)))
        elif kind == 2:
            part = np.sin(int(random.integers(1, 12)) * np.arctan2(v - random.normal(0, 0.4), u) + frequency * value)
        elif kind == 3:
            part = np.abs((along * frequency / 3) % 2 - 1) * 2 - 1
        else:
            part = noise(random, random.uniform(0.8, 2.2))
        value = np.sin(frequency * value * part) if random.random() < 0.2 else value + part * random.uniform(0.3, 1)
    low, high = np.percentile(value, [2, 98])
    value = np.clip((value - low) / (high - low + 1e-6), 0, 1)
    if random.random() < 0.3:
        steps = int(random.integers(2, 7))
        value = np.round(value * steps) / steps
    return palette(random, value)


def smear(random: Random) -> np.ndarray:
    """Blood as under a stain: red cells with a pale middle, white ones with lobed nuclei and granules, platelets."""
    background = np.array([random.uniform(190, 250), random.uniform(180, 245), random.uniform(170, 245)])
    image = np.zeros((SIDE, SIDE, 3)) + background + noise(random, 1.8)[..., None] * random.uniform(0, 6)
    red = background * random.uniform([0.75, 0.45, 0.4], [1.0, 0.85, 0.9])
    radius = random.uniform(9, 34)
    for x, y in places(random, int(random.integers(3, 60)), radius, random.uniform(1.3, 2.6)):
        own = radius * random.uniform(0.85, 1.15)
        shape = outline(random, x, y, own, random.choice([0.02, 0.08]))
        tint = red * random.uniform(0.93, 1.07)
        paint(image, mask([shape]) * random.uniform(0.6, 0.95), tint)
        if random.random() < 0.7:
            pale = outline(random, x, y, own * random.uniform(0.25, 0.55), 0.05)
            paint(image, mask([pale], own * 0.12) * random.uniform(0.2, 0.8), background)
    nucleus = random.uniform([60, 20, 100], [130, 90, 180])
    for x, y in random.uniform(0.1 * SIDE, 0.9 * SIDE, (int(random.integers(0, 4)), 2)):
        white_cell(random, image, x, y, radius * random.uniform(1.1, 2.2), nucleus)
    for x, y in places(random, int(random.integers(0, 8)), radius, 1.0):
        paint(image, mask([outline(random, x, y, radius * random.uniform(0.15, 0.35), 0.15)]) * 0.8, nucleus * 1.4)
    return blurred(image, random.uniform(0, 1.2)) + random.normal(0, random.uniform(0, 5), image.shape)


def white_cell(random: Random, image: np.ndarray, x: float, y: float, radius: float, nucleus: np.ndarray) -> None:
    body = mask([outline(random, x, y, radius, 0.05)], 1)
    plasma = random.uniform([150, 130, 170], [225, 215, 240])
    grains = noise(random, random.uniform(0, 0.8))[..., None] * random.uniform(0, 25, 3)
    paint(image, body * random.uniform(0.6, 1), plasma + grains)
    lobes, spread = int(random.integers(1, 6)), random.uniform(0.2, 0.5) * radius
    turn = random.uniform(0, 7)
    shapes = []
    for lobe in range(lobes):
        angle = turn + lobe * random.uniform(0.7, 1.6)
        far = spread if lobes > 1 else spread * random.uniform(0, 0.6)
        size = radius * random.uniform(0.5, 0.9) / np.sqrt(lobes)
        shapes.append(outline(random, x + far * np.cos(angle), y + far * np.sin(angle), size, 0.08))
    texture = noise(random, random.uniform(0.5, 1.5))[..., None] * random.uniform(2, 22)
    paint(image, mask(shapes, 0.9) * random.uniform(0.8, 1), nucleus + texture)
    if random.random() < 0.3:
        for _ in range(int(random.integers(5, 40))):
            angle, far = random.uniform(0, 7), radius * np.sqrt(random.random()) * 0.9
            spot = outline(random, x + far * np.cos(angle), y + far * np.sin(angle), random.uniform(1, 0.12 * radius + 1), 0.1)
            paint(image, mask([spot], 0.5) * body, nucleus * random.uniform(0.6, 1.6, 3))


def tissue(random: Random) -> np.ndarray:
    """A stained section: fibres, many nuclei, glands around a lumen."""
    ground = random.uniform([190, 120, 160], [240, 200, 225])
    x, y = grid()
    fibres = np.sin(random.uniform(8, 50) * (x * np.cos(a := random.uniform(0, 3)) + y * np.sin(a)) + 2 * noise(random, 2))
    image = ground + noise(random, 1.5)[..., None] * random.uniform(4, 22, 3) + fibres[..., None] * random.uniform(0, 14)
    for gx, gy in places(random, int(random.integers(0, 4)), 35, 1.8):
        size = random.uniform(15, 40)
        paint(image, mask([outline(random, gx, gy, size, 0.1)], 2) * 0.8, ground * random.uniform(0.8, 1, 3))
        paint(image, mask([outline(random, gx, gy, size * random.uniform(0.2, 0.6), 0.15)], 1.5), np.array([240, 236, 242]))
    nucleus, radius = random.uniform([60, 30, 90], [130, 90, 160]), random.uniform(2.5, 12)
    texture = noise(random, 1)[..., None] * random.uniform(3, 25)
    for nx, ny in places(random, int(random.integers(10, 160)), radius, random.uniform(1.2, 2.5)):
        shape = outline(random, nx, ny, radius * random.uniform(0.6, 1.4), random.choice([0.03, 0.12]), 16)
        paint(image, mask([shape]) * random.uniform(0.6, 1), nucleus * random.uniform(0.8, 1.3) + texture)
    return blurred(image, random.uniform(0, 1.5)) + random.normal(0, random.uniform(0, 6), image.shape)


def fluorescence(random: Random) -> np.ndarray:
    """Light on dark: nuclei, membranes, threads and dots in one to three colours."""
    light = np.zeros((SIDE, SIDE, 3))
    radius = random.uniform(8, 40)
    at = places(random, int(random.integers(3, 30)), radius, random.uniform(1.2, 2.5))
    for _ in range(int(random.integers(1, 4))):
        tone, kind = colour(random) * random.uniform(0.5, 1.2), random.integers(4)
        layer = np.zeros((SIDE, SIDE))
        if kind == 0:
            share = random.uniform(0.3, 1)
            layer = mask([outline(random, x, y, radius * share, 0.06) for x, y in at], 1.2)
            layer = layer * np.clip(1 + 0.4 * noise(random, 1), 0, 2)
        elif kind == 1:
            for x, y in at:
                shape = mask([outline(random, x, y, radius, 0.12)], 1)
                layer = np.maximum(layer, shape - mask([outline(random, x, y, radius * 0.85, 0.12)], 1.5))
        elif kind == 2:
            field = noise(random, random.uniform(1.2, 2))
            layer = np.exp(-((field / random.uniform(0.05, 0.25)) ** 2))
            layer *= mask([outline(random, x, y, radius * 1.2, 0.2) for x, y in at], 3)
        else:
            dots = random.random((SIDE, SIDE)) > random.uniform(0.985, 0.998)
            layer = blurred(dots * 255.0, random.uniform(0.6, 2)) / 40
        light += np.clip(layer, 0, 2)[..., None] * tone
    light += random.uniform(0, 15) + random.normal(0, random.uniform(0, 8), light.shape)
    return blurred(light, random.uniform(0, 1.5))


def grains(random: Random) -> np.ndarray:
    """A polished section: Voronoi cells, each with its tone and texture, with or without boundaries."""
    count = int(random.integers(8, 150))
    seeds = random.uniform(0, SIDE, (count, 2))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    bent = 4 * random.random() * np.stack([noise(random, 1.8), noise(random, 1.8)])
    distance = np.hypot(rows + bent[0] - seeds[:, :1, None], columns + bent[1] - seeds[:, 1:, None])
    nearest = np.partition(distance, 1, axis=0)[:2]
    owner = distance.argmin(0)
    tones = palette(random, random.random(count)) if random.random() < 0.5 else random.uniform(60, 220, (count, 1)) * np.ones(3)
    image = tones[owner] + noise(random, random.uniform(0, 1.5))[..., None] * random.uniform(0, 20)
    lines = np.exp(-(((nearest[1] - nearest[0]) / random.uniform(0.8, 4)) ** 2)) * random.uniform(0, 1)
    paint(image, lines, colour(random) if random.random() < 0.5 else np.zeros(3))
    return blurred(image, random.uniform(0, 1))


def phase_contrast(random: Random) -> np.ndarray:
    """Grey on grey: rods, rounds and threads with a bright halo, or pollen and shells with ribs."""
    grey = random.uniform(90, 190)
    relief = noise(random, 2) * random.uniform(0, 10)
    radius = random.uniform(4, 45)
    x, y = grid()
    for px, py in places(random, int(random.integers(1, 40)), radius, random.uniform(1.2, 2.5)):
        turn, long = random.uniform(0, np.pi), random.uniform(0.25, 1)
        u = ((x + 1) * SIDE / 2 - px) * np.cos(turn) + ((y + 1) * SIDE / 2 - py) * np.sin(turn)
        v = -((x + 1) * SIDE / 2 - px) * np.sin(turn) + ((y + 1) * SIDE / 2 - py) * np.cos(turn)
        far = np.hypot(u, v / long) / radius
        inside = 1 / (1 + np.exp(np.clip((far - 1) * radius / 1.2, -30, 30)))
        halo = np.exp(-(((far - 1.1) * radius / random.uniform(1.5, 5)) ** 2))
        ribs = 1 + random.uniform(0, 0.6) * np.sin(random.integers(2, 20) * np.arctan2(v, u) * random.integers(0, 2) + far * random.uniform(0, 30))
        relief = relief + random.uniform(-60, 20) * inside * ribs + random.uniform(0, 60) * halo
    image = np.repeat((grey + relief)[..., None], 3, -1) * random.uniform(0.85, 1.15, 3)
    return image + random.normal(0, random.uniform(0, 8), image.shape[:2])[..., None]


KINDS: tuple[Callable[[Random], np.ndarray], ...] = (
    smear,
    dead_leaves,
    tissue,
    fractal,
    fluorescence,
    shader,
    grains,
    smear,
    phase_contrast,
    tissue,
)
