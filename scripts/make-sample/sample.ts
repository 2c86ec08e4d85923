import { createRandom, type Random } from '../../main/engine/random.ts';
import type { CellKind } from './cells.ts';
import { type Field, layField, type Region } from './field.ts';
import { between } from './shapes.ts';
import { develop, type Look, slideLook } from './stain.ts';

/** The sample that ships with the studio is the one of this seed. */
export const sampleSeed = 1905;

const slides = 8;
const fieldsPerSlide = 5;

/** Least and most of each kind on a slide. */
const perSlide: Readonly<Record<CellKind, readonly [least: number, most: number]>> = {
  'red cell': [58, 72],
  spherocyte: [6, 11],
  'target cell': [6, 12],
  'sickle cell': [5, 11],
  platelet: [13, 23],
  lymphocyte: [4, 6],
  neutrophil: [5, 7],
  eosinophil: [4, 5],
};

/** A field as it is to be drawn. */
export interface FieldPlan {
  readonly image: string;
  readonly group: string;
  readonly seed: number;
  readonly look: Look;
  readonly crowding: number;
  readonly kinds: readonly CellKind[];
  /** The share of its regions that are labelled from the start. */
  readonly labelled: number;
}

/** All fields of the sample, slide by slide. Each can be drawn without the others. */
export function planSample(seed: number): readonly FieldPlan[] {
  const random = createRandom(seed);
  const plans: FieldPlan[] = [];
  // Spread evenly, so that eight slides show the whole range.
  const alkalinities = random.shuffle(Array.from({ length: slides }, (_, at) => at / (slides - 1)));
  for (let slide = 0; slide < slides; slide++) {
    const look = slideLook(random, alkalinities[slide]);
    const crowding = between(random, 0.15, 0.6);
    const fields = dealCells(random);
    for (let field = 0; field < fieldsPerSlide; field++)
      plans.push({
        image: `slide-${slide + 1}-field-${field + 1}.jpg`,
        group: `slide ${slide + 1}`,
        seed: seed + 1000 * (slide + 1) + 10 * field,
        look,
        crowding,
        kinds: fields[field],
        labelled: labelledShare(slide, field),
      });
  }
  return plans;
}

/** The first field of every slide is done, the second of half of them too; the rest of the second and some third ones are begun. */
function labelledShare(slide: number, field: number): number {
  if (field === 0) return 1;
  if (field === 1) return slide % 2 === 0 ? 1 : 0.4;
  return field === 2 && slide % 2 === 0 ? 0.25 : 0;
}

/** Deals the cells of a slide to its fields, each kind as evenly as it goes. */
function dealCells(random: Random): CellKind[][] {
  const fields = Array.from({ length: fieldsPerSlide }, (): CellKind[] => []);
  let next = 0;
  for (const [kind, [least, most]] of Object.entries(perSlide) as [CellKind, readonly [number, number]][]) {
    const order = random.shuffle(fields.map((_, at) => at));
    for (let left = least + random.integer(most - least + 1); left > 0; left--)
      fields[order[next++ % fieldsPerSlide]].push(kind);
  }
  return fields;
}

export const layPlanned = (plan: FieldPlan): Field => layField(plan.seed, plan.kinds, plan.crowding);

/** RGB, three bytes a pixel, row by row. */
export const developPlanned = (plan: FieldPlan, { film }: Field): Uint8Array<ArrayBuffer> =>
  develop(film, plan.look, plan.seed + 1);

const header = 'image,label,x,y,width,height,group\n';

function rows(plan: FieldPlan, regions: readonly Region[], isLabelled: (at: number) => boolean): string {
  return regions
    .map(
      ({ label, box }, at) =>
        `${plan.image},${isLabelled(at) ? label : ''},${box.x},${box.y},${box.width},${box.height},${plan.group}\n`,
    )
    .join('');
}

/** The annotation files of the sample: every label, and those that a person starts with. */
export function annotations(drawn: readonly { readonly plan: FieldPlan; readonly regions: readonly Region[] }[]): {
  readonly truth: string;
  readonly regions: string;
} {
  let truth = header;
  let started = header;
  for (const { plan, regions } of drawn) {
    truth += rows(plan, regions, () => true);
    const random = createRandom(plan.seed + 2);
    const chosen = random.shuffle(regions.map((_, at) => at)).slice(0, Math.round(plan.labelled * regions.length));
    started += rows(plan, regions, (at) => chosen.includes(at));
  }
  return { truth, regions: started };
}
