import type { Explanation as Shown } from '../contract/api/learning.ts';
import { dataAddress, encodeWhole, pictureType } from '../images/encode.ts';
import { encodeHeatMap } from '../images/heat-map.ts';
import type { Explanation } from './explain.ts';

/** What was found of an item, its pictures as a page can show them. */
export async function asPictures(found: Explanation): Promise<Omit<Shown, 'run' | 'itemId'>> {
  const { size, pixels, probabilities, point, points, maps, nearest } = found;
  return {
    picture: dataAddress(pictureType, await encodeWhole({ width: size, height: size, data: pixels })),
    probabilities: [...probabilities],
    point,
    points: [...points],
    maps: await Promise.all(
      maps.map(async (map) => ({
        classIndex: map.classIndex,
        heat: map.values.some((value) => value > 0) ? dataAddress('image/png', await encodeHeatMap(map, size)) : null,
      })),
    ),
    nearest: nearest && [...nearest],
  };
}
