import type { Activations } from '../contract/api/networks.ts';
import type { Control } from '../contract/progress.ts';
import { dataAddress, encodeGrey } from '../images/encode.ts';
import { viewOfItem } from '../items/views.ts';
import { getSetting } from '../projects/settings.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { PointActivations } from '../trainer/jobs/item-activations.ts';
import { networkFile, type StoredNetwork } from './library.ts';

/** More than these nobody looks at. */
const shownChannels = 24;

/**
 * What every freeze point of a network makes of an item.
 *
 * @throws UserError when there is no such item, or its image cannot be had
 */
export async function lookAtItem(
  studio: Studio,
  project: Project,
  network: StoredNetwork,
  itemId: number,
  control: Control = {},
): Promise<readonly PointActivations[]> {
  const image = viewOfItem(project, itemId, getSetting(project, 'displayLimits'));
  const { preprocessing } = network.info;
  const params = { network: networkFile(network), preprocessing, image, channels: shownChannels };
  return studio.trainer.run('item-activations', params, control);
}

/** As a page can show them. */
export async function asPictures({ width, height, of, strongest }: PointActivations): Promise<Activations> {
  const pictures = strongest.map(async ({ channel, values }) => {
    const png = await encodeGrey(width, height, values);
    return { channel, picture: dataAddress('image/png', png) };
  });
  return { width, height, of, strongest: await Promise.all(pictures) };
}
