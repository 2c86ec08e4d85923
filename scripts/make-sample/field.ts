import type { Box } from '../../main/contract/images.ts';
import { createRandom, type Random } from '../../main/engine/random.ts';
import { type Cell, type CellKind, cellKinds } from './cells.ts';
import { smoothstep } from './noise.ts';
import { between } from './shapes.ts';
import { type Amounts, fieldHeight, fieldWidth, type Film, newFilm, pixelsPerMicrometre, substances } from './stain.ts';

export interface Region {
  readonly label: CellKind;
  /** Tight around what is seen of the cell, in pixels. */
  readonly box: Box;
}

export interface Field {
  readonly film: Film;
  /** From top to bottom. */
  readonly regions: readonly Region[];
}

/** A place in pixels and the room that is kept around it. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** White cells lie on no other cell: the spreading pushes red cells aside. */
  readonly solid: boolean;
}

const whiteCells: readonly CellKind[] = ['lymphocyte', 'neutrophil', 'eosinophil'];

/**
 * Lays cells on a field of view.
 *
 * @param kinds of the cells to be seen, each as often as it is named
 * @param crowding from 0, cells lie apart, to 1, they overlap where they fall
 */
export function layField(seed: number, kinds: readonly CellKind[], crowding: number): Field {
  const random = createRandom(seed);
  const film = newFilm();
  const places: Place[] = [];
  const regions: Region[] = [];
  // The largest first, while there is room; platelets last, for they fit in anywhere.
  const order = [...kinds].sort((a, b) => rank(a) - rank(b));
  for (const kind of order) {
    const cell = cellKinds[kind](random);
    const place = findPlace(random, places, cell.reach * pixelsPerMicrometre, kind, crowding);
    places.push(place);
    const box = paint(film, cell, place, between(random, 0, 2 * Math.PI));
    regions.push({ label: kind, box });
  }
  precipitate(film, random);
  regions.sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
  return { film, regions };
}

const rank = (kind: CellKind): number => (whiteCells.includes(kind) ? 0 : kind === 'platelet' ? 2 : 1);

/** Throws darts until one lies well enough; each miss makes it less choosy. */
function findPlace(random: Random, places: readonly Place[], reach: number, kind: CellKind, crowding: number): Place {
  const solid = whiteCells.includes(kind);
  // The reach allows for the wildest outline; what is usually filled is less.
  const radius = 0.7 * reach;
  for (let miss = 0; ; miss++) {
    // An edge of the picture cuts off little more than half of a cell.
    const x = between(random, -0.1 * radius, fieldWidth + 0.1 * radius);
    const y = between(random, -0.1 * radius, fieldHeight + 0.1 * radius);
    const patience = miss / 150;
    const tolerance = (random.next() < crowding ? 0.55 : 0.08) + patience;
    const free = places.every((other) => {
      const gap = Math.hypot(x - other.x, y - other.y) / (radius + other.radius);
      return gap > 1 - (solid || other.solid ? 0.05 + 0.1 * patience : tolerance);
    });
    if (free) return { x, y, radius, solid };
  }
}

/** Adds a cell to the film and returns the box of what is seen of it. */
function paint(film: Film, cell: Cell, { x, y }: Place, angle: number): Box {
  const cos = Math.cos(angle) / pixelsPerMicrometre;
  const sin = Math.sin(angle) / pixelsPerMicrometre;
  const reach = cell.reach * pixelsPerMicrometre;
  let left = fieldWidth;
  let right = -1;
  let top = fieldHeight;
  let bottom = -1;
  for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(fieldHeight, y + reach); row++)
    for (let column = Math.max(0, Math.floor(x - reach)); column < Math.min(fieldWidth, x + reach); column++) {
      const amounts: Amounts = { haemoglobin: 0, chromatin: 0, blue: 0, granules: 0 };
      const dx = column + 0.5 - x;
      const dy = row + 0.5 - y;
      const covered = cell.at(cos * dx + sin * dy, cos * dy - sin * dx, amounts);
      if (covered === 0) continue;
      const at = row * fieldWidth + column;
      for (const substance of substances) film[substance][at] += amounts[substance];
      // What is thinner is not seen as part of the cell.
      if (covered < 0.3) continue;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
    }
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** Grains of stain that fell out on the slide, in loose swarms: no cells, and no regions. */
function precipitate(film: Film, random: Random): void {
  if (random.next() < 0.6) return;
  const middleX = between(random, 0, fieldWidth);
  const middleY = between(random, 0, fieldHeight);
  for (let count = 2 + random.integer(8); count > 0; count--) {
    const x = middleX + 40 * random.normal();
    const y = middleY + 40 * random.normal();
    const radius = between(random, 1.5, 3.5);
    for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(fieldHeight, y + radius); row++)
      for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(fieldWidth, x + radius); column++)
        film.chromatin[row * fieldWidth + column] += 0.4 * smoothstep(radius, 0, Math.hypot(column - x, row - y));
  }
}
