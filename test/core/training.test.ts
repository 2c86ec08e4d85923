import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossValidateRecipe } from '../../main/evaluation/cross-validate.ts';
import { createSplit, currentSplit, defaultSplit } from '../../main/evaluation/project-split.ts';
import { importItems } from '../../main/items/import.ts';
import { ensureClass } from '../../main/labels/classes.ts';
import { labelItems } from '../../main/labels/label-items.ts';
import { networkOf, selectPoint, useNetwork } from '../../main/networks/project-network.ts';
import type { Project } from '../../main/projects/project.ts';
import { setSetting } from '../../main/projects/settings.ts';
import { cachedClassifier, openClassifier } from '../../main/sharing/classifier.ts';
import { exportRun } from '../../main/sharing/export.ts';
import { predictSource } from '../../main/sharing/predict.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { endAbandonedRuns, finishedRun, listRuns, recordedData, runItems, startRun } from '../../main/training/runs.ts';
import type { TrainReport } from '../../main/training/recipe.ts';
import { trainLinear } from '../../main/training/train-linear.ts';
import type { LinearMethod } from '../../main/contract/runs.ts';
import { addTinyNetwork, integrityOf, noisePng, valueOf, workshop, writeClasses } from '../support/core.ts';

const work = workshop();
let studio: Studio;
let project: Project;

beforeAll(async () => {
  studio = work.studio();
  await addTinyNetwork(work, studio);
  await writeClasses(work.path('cells'), 30);
  project = work.project('cells');
  await importItems(project, work.path('cells'), { labels: 'folders' });
  await useNetwork(studio, project);
});

async function train(method: LinearMethod = 'softmax', signal?: AbortSignal): Promise<TrainReport> {
  const network = await useNetwork(studio, project);
  const request = {
    network,
    point: selectPoint(network, 'last'),
    method,
    pooling: 'avg',
    seed: 0,
    device: 'cpu',
  } as const;
  return trainLinear(studio, project, request, signal ? { signal } : {});
}

describe('the split of a project', () => {
  /** Two items an image, as regions, and a group for two images each. */
  async function projectOfGroups(name: string): Promise<Project> {
    const rows = ['image,label,x,y,width,height,group'];
    for (let image = 0; image < 24; image++) {
      work.write(`${name}/${image}.png`, await noisePng(image, { width: 40, height: 20 }));
      for (const [at, label] of ['a', 'b'].entries())
        rows.push(`${image}.png,${image < 20 ? label : ''},${at * 20},0,20,20,G${Math.floor(image / 2)}`);
    }
    const grouped = work.project(name);
    await importItems(grouped, work.write(`${name}/cells.csv`, rows.join('\n')));
    return grouped;
  }

  it('keeps groups whole, is made once, and is the same for the same seed', async () => {
    const grouped = await projectOfGroups('grouped');
    const split = createSplit(grouped);
    expect(split.counts.train + split.counts.validation + split.counts.test).toBe(40);
    expect(Math.min(split.counts.validation, split.counts.test)).toBeGreaterThan(0);
    expect(split.warnings).toEqual([]);
    expect(currentSplit(grouped)).toEqual(split);
    expect(createSplit(grouped).parts).toEqual(split.parts);
    expect(createSplit(grouped, { ...defaultSplit, seed: 1 }).parts).not.toEqual(split.parts);
  });

  it('takes in what is labelled since, on its group’s side, and moves nothing', async () => {
    const grouped = await projectOfGroups('growing');
    const before = currentSplit(grouped);
    const rows = grouped.database
      .prepare<[], { id: number; group: string }>('SELECT id, group_name AS "group" FROM items ORDER BY id')
      .all();
    const sideOf = new Map(rows.map(({ id, group }) => [group, before.parts.get(id)]));
    // One more region of a labelled image's group, and images of groups that had no label at all.
    grouped.database.exec(
      `INSERT INTO items (image_id, kind, x, y, width, height, margin, group_name)
       SELECT image_id, kind, 5, 0, 10, 10, margin, group_name FROM items WHERE group_name IN ('G0', 'G3', 'G7') GROUP BY group_name`,
    );
    const fresh = grouped.database
      .prepare<[], { id: number; group: string }>(
        `SELECT id, group_name AS "group" FROM items WHERE id NOT IN (SELECT item_id FROM labels) ORDER BY id`,
      )
      .all();
    labelItems(
      grouped,
      fresh.map(({ id }) => ({ itemId: id, classId: ensureClass(grouped, 'a').id })),
    );
    const after = currentSplit(grouped);
    expect(after.id).not.toBe(before.id);
    expect(after.parts.size).toBe(before.parts.size + fresh.length);
    for (const [id, part] of before.parts) expect(after.parts.get(id)).toBe(part);
    const followers = fresh.filter(({ group }) => sideOf.get(group) !== undefined);
    expect(followers).toHaveLength(3);
    for (const { id, group } of followers) expect(after.parts.get(id)).toBe(sideOf.get(group));
    expect(after.warnings).toEqual([]);
    expect(currentSplit(grouped)).toEqual(after);
  });

  it('honours parts that came with the images, and warns where they divide a group or an image', async () => {
    const rows = ['image,label,x,y,width,height,group,split'];
    for (let image = 0; image < 6; image++) {
      work.write(`leaky/${image}.png`, await noisePng(image, { width: 40, height: 20 }));
      const [left, right] = image === 0 ? ['train', 'test'] : image < 4 ? ['train', 'train'] : ['test', 'test'];
      rows.push(`${image}.png,a,0,0,20,20,G${image % 3},${left}`, `${image}.png,b,20,0,20,20,G${image % 3},${right}`);
    }
    const leaky = work.project('leaky');
    await importItems(leaky, work.write('leaky/cells.csv', rows.join('\n')));
    const split = createSplit(leaky);
    expect(split.counts).toEqual({ train: 7, validation: 0, test: 5 });
    expect(split.warnings).toEqual([
      '3 groups have items both in training and in the test: scores will look better than they are.',
      '1 image has regions both in training and in the test: scores will look better than they are.',
    ]);
  });

  it('is refused where there is nothing to divide, or nothing would be left', () => {
    expect(() => createSplit(work.project('empty'))).toThrow('Nothing is labelled yet');
    expect(() => createSplit(project, { ...defaultSplit, test: 0.5, validation: 0.5 })).toThrow(
      'leave something to train on',
    );
  });

  it('says when no groups are known', () => {
    expect(createSplit(project).warnings).toEqual([expect.stringContaining('No groups are known')]);
  });
});

describe('a run', () => {
  it.each(['softmax', 'svm'] as const)(
    'of %s learns, is measured, kept with its data set, and repeats',
    async (method) => {
      const { run } = await train(method);
      expect(run).toMatchObject({
        status: 'done',
        config: { method, classes: ['green', 'red'], seed: 0 },
        error: null,
      });
      expect(run.result.counts).toEqual(currentSplit(project).counts);
      expect(run.result.test!.accuracy.value).toBe(1);
      const kept = [...runItems(project, run.id)];
      expect(kept).toHaveLength(60);
      for (const { probabilities } of kept) expect(probabilities![0] + probabilities![1]).toBeCloseTo(1, 5);
      const again = await train(method);
      expect(again.run.id).not.toBe(run.id);
      expect([...runItems(project, again.run.id)]).toEqual(kept);
      expect(again.run.result).toEqual(run.result);
    },
  );

  it('is kept as cancelled when it was', async () => {
    const stop = new AbortController();
    const network = await useNetwork(studio, project);
    const job = trainLinear(
      studio,
      project,
      { network, point: selectPoint(network, 'last'), method: 'softmax', pooling: 'avg', seed: 5, device: 'cpu' },
      { signal: stop.signal, onProgress: () => stop.abort() },
    );
    await expect(job).rejects.toThrow('cancelled');
    const last = listRuns(project).at(-1)!;
    expect(last).toMatchObject({ status: 'cancelled', result: null });
    expect(() => finishedRun(project, last.id)).toThrow(`Run ${last.id} has no result: it is cancelled.`);
    expect(finishedRun(project).id).not.toBe(last.id);
    expect(() => finishedRun(project, 999)).toThrow('There is no run 999');
  });

  it('that a dead process left behind is ended', () => {
    const last = finishedRun(project);
    const id = startRun(project, last.config, recordedData(project, last).data);
    endAbandonedRuns(project);
    expect(listRuns(project).find((run) => run.id === id)).toMatchObject({ status: 'failed' });
  });

  it('needs two classes', async () => {
    const alone = work.project('alone');
    await importItems(alone, work.path('cells', 'red'));
    const network = await useNetwork(studio, alone, 'tiny');
    const request = {
      network,
      point: selectPoint(network, 'last'),
      method: 'softmax',
      pooling: 'avg',
      seed: 0,
      device: 'cpu',
    } as const;
    await expect(trainLinear(studio, alone, request)).rejects.toThrow('Nothing is labelled yet');
    labelItems(alone, [{ itemId: 1, classId: ensureClass(alone, 'red').id }]);
    await expect(trainLinear(studio, alone, request)).rejects.toThrow('two classes at least; only red is labelled');
    expect(listRuns(alone)).toEqual([]);
  });

  it('is cross-validated over all that is labelled', async () => {
    const result = await crossValidateRecipe(studio, project, finishedRun(project), 3);
    expect(result).toMatchObject({ folds: 3, warnings: [] });
    expect(result.foldScores.reduce((sum, { items }) => sum + items, 0)).toBe(60);
    expect(result.evaluation.items).toBe(60);
    expect(result.evaluation.accuracy.value).toBe(1);
  });
});

describe('an exported classifier', () => {
  it('answers as the studio does, says what it is, and predicts by itself', async () => {
    const { run } = await train();
    const report = await exportRun(studio, project, finishedRun(project, run.id), { folder: work.path('out') });
    expect(readdirSync(work.path('out')).sort()).toEqual([`cells-run-${run.id}.md`, `cells-run-${run.id}.onnx`]);
    expect(report.agreement.items).toBe(run.result.counts.test);
    expect(report.agreement.largestDifference).toBeLessThan(1e-5);
    const opened = await openClassifier(studio, report.files[0]);
    expect(opened).toMatchObject({ classes: ['green', 'red'], provenance: { project: 'cells', run: run.id } });
    const cached = await cachedClassifier(studio, project, run);
    const ours = await predictSource(studio, cached, work.path('cells', 'green'));
    const theirs = await predictSource(studio, opened, work.path('cells', 'green'));
    expect(theirs.predictions).toHaveLength(30);
    expect(theirs.predictions).toEqual(ours.predictions);
    for (const { probabilities } of theirs.predictions) expect(probabilities[0]).toBeGreaterThan(0.5);
  });

  it('that answers otherwise than the studio is refused; an earlier one stays', async () => {
    const { run } = await train();
    const finished = finishedRun(project, run.id);
    const out = work.path('tampered');
    project.database
      .prepare('UPDATE run_items SET probabilities = ? WHERE run_id = ?')
      .run(Buffer.from(Float32Array.of(0.5, 0.5).buffer), run.id);
    await expect(exportRun(studio, project, finished, { folder: out })).rejects.toThrow(
      /answers otherwise than the studio: a probability differs by .*e-1, more than 0\.0001\. It was not kept/,
    );
    expect(readdirSync(out)).toEqual([]);
    const name = join(out, `cells-run-${run.id}.onnx`);
    writeFileSync(name, 'an earlier export');
    await expect(exportRun(studio, project, finished, { folder: out })).rejects.toThrow('answers otherwise');
    expect(readFileSync(name, 'utf8')).toBe('an earlier export');
    expect(readdirSync(out)).toHaveLength(1);
  });

  it('that cannot be checked is refused', async () => {
    await writeClasses(work.path('vanishing'), 6);
    const vanishing = work.project('vanishing');
    await importItems(vanishing, work.path('vanishing'), { labels: 'folders' });
    const network = await useNetwork(studio, vanishing, 'tiny');
    const request = {
      network,
      point: selectPoint(network, 'last'),
      method: 'softmax',
      pooling: 'avg',
      seed: 0,
      device: 'cpu',
    } as const;
    const { run } = await trainLinear(studio, vanishing, request);
    rmSync(work.path('vanishing'), { recursive: true });
    await expect(
      exportRun(studio, vanishing, finishedRun(vanishing, run.id), { folder: work.path('unchecked') }),
    ).rejects.toThrow(/could not be checked: no image of the run could be read: .*There is no such file or folder\.$/);
    expect(readdirSync(work.path('unchecked'))).toEqual([]);
  });

  it('can be made after the library lost the network', async () => {
    const { hash } = finishedRun(project).config.network;
    rmSync(join(studio.libraryFolder, hash), { recursive: true });
    expect(networkOf(project, hash).info.name).toBe('tiny');
    const { run } = await train();
    setSetting(project, 'network', hash);
    await exportRun(studio, project, finishedRun(project, run.id), { folder: work.path('without library') });
    expect(existsSync(work.path('without library', `cells-run-${run.id}.onnx`))).toBe(true);
    expect(integrityOf(project)).toEqual(['ok']);
    expect(valueOf(project, `SELECT COUNT(*) FROM runs WHERE status = 'running'`)).toBe(0);
  });
});
