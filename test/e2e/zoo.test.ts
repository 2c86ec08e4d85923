import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import type { ZooEntry } from '../../main/contract/zoo.ts';
import { zoo } from '../../main/networks/zoo/catalogue.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { caffeInput, caffeLayer, caffeMean, caffeModel, caffeWeights } from '../support/caffe.ts';
import { parfocalJson } from '../support/command-line.ts';
import { noisePng, tinyNetwork, workshop } from '../support/core.ts';
import { cutAfter, fileServer } from '../support/file-server.ts';
import { show } from '../support/screens.ts';
import { run } from '../support/started.ts';

const pictures = process.env['PARFOCAL_PICTURES'];
/** For looking at, where the environment says where to. */
async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
}

describeWithBrowser('Networks from elsewhere', () => {
  const work = workshop();
  const { open } = browser();
  const data = work.path('data');

  async function serve(name: string): Promise<URL> {
    mkdirSync(work.path(name));
    work.write(join(name, 'a.png'), await noisePng(1, { width: 64, height: 64, colour: [200, 90, 120] }));
    const project = work.path(`${name}.parfocal`);
    await parfocalJson(data, 'new', project);
    await parfocalJson(data, 'import', project, work.path(name));
    return (await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], { PARFOCAL_DATA: data })).address;
  }

  async function axe(page: Page): Promise<void> {
    const { violations } = await new AxeBuilder({ page }).include('dialog').analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  }

  test('a network of the zoo is looked for, fetched on a click, gone on with, used and removed', async () => {
    const content = tinyNetwork(5);
    const server = await fileServer(Buffer.from(content));
    const entry: ZooEntry = {
      ...zoo[0],
      id: 'tiny',
      name: 'Tiny network',
      file: 'tiny.onnx',
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    };
    work.write('data/zoo.json', JSON.stringify([entry]));
    const { page, faults } = await open(await serve('zoo'));
    await show(page, 'Network');
    await page.getByRole('button', { name: 'From the zoo' }).click();
    const dialog = page.getByRole('dialog', { name: 'Networks from the zoo' });
    const list = dialog.getByRole('list', { name: 'Networks of the zoo' });
    await expect.poll(() => list.getByRole('listitem').count()).toBe(zoo.length + 1);
    await picture(page, 'zoo');
    await axe(page);
    await dialog.getByRole('textbox', { name: 'Search' }).fill('resnet fast');
    await expect
      .poll(() => list.getByRole('heading').allInnerTexts())
      .toEqual(['ResNet-18 v1 2015', 'ResNet-18 v2 2016']);
    await list.getByText('from huggingface.co').first().waitFor();

    await dialog.getByRole('textbox', { name: 'Search' }).fill('tiny');
    await dialog.getByText('From a mirror or a file instead').click();
    await dialog.getByRole('textbox', { name: 'Mirror, file or folder' }).fill(server.address);
    await list.getByText(`from ${new URL(server.address).host}`).waitFor();
    expect(server.asked).toEqual([]);
    // It hangs in the middle, and is cancelled there.
    server.next.push((_request, response, whole) => {
      response.writeHead(200, { 'content-length': whole.length, etag: '"one"' });
      response.write(whole.subarray(0, 2000));
    });
    await list.getByRole('button', { name: /^Get/ }).click();
    await list.getByText('Downloading 2 kB').waitFor();
    await picture(page, 'zoo-fetching');
    await list.getByRole('button', { name: 'Cancel getting Tiny network' }).click();
    await list.getByRole('button', { name: 'Throw away what was fetched of Tiny network' }).waitFor();
    // The mirror has another file by now, and then the right one again.
    server.etag = '"two"';
    server.content = Buffer.from(content.toReversed());
    await list.getByRole('button', { name: /^Go on/ }).click();
    await list
      .getByRole('alert')
      .getByText(/not tiny\.onnx as it was published: its SHA-256 is another/)
      .waitFor();
    await picture(page, 'zoo-failed');
    server.content = Buffer.from(content);
    server.next.push(cutAfter(1000));
    await list.getByRole('button', { name: /^Get/ }).click();
    await list.getByText('At hand').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Tiny network/ }).waitFor();

    await page.getByRole('button', { name: 'On this computer' }).click();
    const library = page.getByRole('dialog', { name: 'Networks on this computer' });
    await library.getByRole('button', { name: 'Remove Tiny network' }).click();
    await library.getByText(/become free\. To use it again, add it again\./).waitFor();
    await picture(page, 'library');
    await axe(page);
    await library.getByRole('button', { name: 'Remove', exact: true }).click();
    await library.getByText('There is none beside those in the box.').waitFor();
    expect(faults).toEqual([]);
  });

  test('a network of Caffe’s is shown as recognised, with an item before and after, and added as the person says', async () => {
    const text =
      caffeInput(32) +
      caffeLayer('conv1', 'Convolution', 'data', 'convolution_param { num_output: 8 kernel_size: 3 }') +
      caffeLayer('relu1', 'ReLU', 'conv1') +
      caffeLayer('pool', 'Pooling', 'relu1', 'pooling_param { pool: AVE global_pooling: true }') +
      caffeLayer('fc', 'InnerProduct', 'pool', 'inner_product_param { num_output: 5 }') +
      caffeLayer('prob', 'Softmax', 'fc');
    const weights = {
      conv1: [caffeWeights([8, 3, 3, 3]), caffeWeights([8])],
      fc: [caffeWeights([5, 8]), caffeWeights([5])],
    };
    const file = work.write('caffe/deploy.prototxt', text);
    work.write('weights/trained.caffemodel', caffeModel(weights));
    const { page, faults } = await open(await serve('guided'));
    await show(page, 'Network');
    await page.getByRole('button', { name: 'Add from a file' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Add a network from a file' });
    await dialog.getByRole('textbox', { name: 'Network' }).fill(file);
    await dialog.getByRole('button', { name: 'Read it' }).click();
    await dialog
      .getByRole('alert')
      .getByText(/does not lie beside it/)
      .waitFor();
    await dialog.getByRole('textbox', { name: 'Its weights' }).fill(work.path('weights', 'trained.caffemodel'));
    await dialog.getByRole('button', { name: 'Read it' }).click();
    const recognised = dialog.getByRole('region', { name: 'What was recognised' });
    await recognised.getByText('fc, 5 classes; it is left out').waitFor();
    await recognised.getByText('32 × 32 px, as the file says').waitFor();
    await dialog.getByText(/Likely, not known: Caffe reads images as BGR/).waitFor();
    await dialog.getByText('As the network would get it', { exact: true }).waitFor();
    await dialog.getByText('1. blue').waitFor();
    await picture(page, 'guided');
    await dialog
      .getByRole('textbox', { name: 'Its mean image' })
      .fill(work.write('weights/mean.binaryproto', caffeMean([104, 117, 123])));
    await dialog.getByRole('button', { name: 'Read it' }).click();
    await dialog.getByText(/Known: the mean image says it \(mean\.binaryproto, 4 × 2 pixels\)/).waitFor();
    await picture(page, 'guided-mean');
    await axe(page);
    const way = dialog.getByLabel('How it wants its pixels');
    await way.selectOption('unit');
    await dialog.getByText('1. red').waitFor();
    await way.selectOption('own');
    const mean = dialog.getByRole('textbox', { name: 'Mean taken off, by channel' });
    await mean.fill('104, x');
    expect(await dialog.getByRole('button', { name: 'Add', exact: true }).isDisabled()).toBe(true);
    await mean.fill('104, 117, 123');
    await picture(page, 'guided-own');
    await axe(page);
    await dialog.getByRole('textbox', { name: 'Name' }).fill('my Caffe network');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^my Caffe network/ }).waitFor();
    const added = await parfocalJson<{ format: string; preprocessing: object }>(
      data,
      'network',
      'show',
      'my Caffe network',
    );
    expect(added).toMatchObject({
      format: 'caffe',
      preprocessing: { range: [0, 255], mean: [104, 117, 123], channels: 'bgr' },
    });
    expect(faults).toEqual([]);
  });
});
