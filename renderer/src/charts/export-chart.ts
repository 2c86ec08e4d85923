import type { Series } from './series.ts';

/** What an SVG's elements look like is in style sheets, which a picture of it does not know. */
const looks = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'font-size',
] as const;
/** Pixels of the picture to one of the screen. */
const density = 2;
/** Room for the title and the legend, and around all. */
const edge = { head: 52, around: 12 };

/**
 * A chart as a picture, with its title and its legend, in the colours that it has on the screen. PNG.
 *
 * @param svg as it is on the screen
 */
export async function chartPng(svg: SVGSVGElement, title: string, series: readonly Series[]): Promise<Blob> {
  const { width, height } = svg.getBoundingClientRect();
  const canvas = document.createElement('canvas');
  canvas.width = (width + 2 * edge.around) * density;
  canvas.height = (height + edge.head + edge.around) * density;
  const context = canvas.getContext('2d')!;
  context.scale(density, density);
  const style = getComputedStyle(svg);
  const colourOf = (colour: string): string => {
    const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1];
    return name === undefined ? colour : style.getPropertyValue(name).trim();
  };
  context.fillStyle = colourOf('var(--surface)');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colourOf('var(--text)');
  context.font = `600 14px ${style.fontFamily}`;
  context.fillText(title, edge.around, 22);
  context.font = `12px ${style.fontFamily}`;
  let left = edge.around;
  for (const { name, colour, kind } of series) {
    context.globalAlpha = kind === 'faint' ? 0.4 : 1;
    context.strokeStyle = colourOf(colour);
    context.lineWidth = 2;
    context.setLineDash(kind === 'dashed' ? [5, 3] : []);
    context.beginPath();
    context.moveTo(left, 38);
    context.lineTo(left + 14, 38);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = colourOf('var(--text-muted)');
    context.fillText(name, left + 20, 42);
    left += 36 + context.measureText(name).width;
  }
  context.drawImage(await pictureOf(svg), edge.around, edge.head, width, height);
  const { promise, resolve, reject } = Promise.withResolvers<Blob>();
  canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be made.'))), 'image/png');
  return promise;
}

async function pictureOf(svg: SVGSVGElement): Promise<HTMLImageElement> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const copies = copy.querySelectorAll('*');
  for (const [at, element] of svg.querySelectorAll('*').entries()) {
    const style = getComputedStyle(element);
    for (const look of looks) copies[at].setAttribute(look, style.getPropertyValue(look));
  }
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('font-family', getComputedStyle(svg).fontFamily.replaceAll('"', "'"));
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}

/** Saves a file where the browser puts what it downloads; the desktop shell asks where. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not before the download has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
