import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { UserError } from '../../main/contract/errors.ts';
import { createProject } from '../../main/projects/project.ts';
import { findDownload } from '../../main/sharing/downloads.ts';
import { recordExport } from '../../main/sharing/exports.ts';
import { workshop } from '../support/core.ts';
import { ask, createTestRouter, hosted } from '../support/serving.ts';

const work = workshop();

test('a file comes as a file under its own name, whatever that is, to those who are let in', async () => {
  const { router } = createTestRouter();
  const name = `a "b" 'c' ü; d.onnx`;
  const asked: string[] = [];
  const { host, authority, enter, defects } = await hosted({
    router,
    findDownload: (path) => {
      asked.push(path);
      if (path === 'gone') throw new UserError('It is gone.');
      if (path !== 'there') return undefined;
      return { name, size: 7, content: Readable.from([Buffer.from('content')]) };
    },
  });
  const known = { host: authority, cookie: await enter() };
  const get = (path: string, headers: Record<string, string> = known, method = 'GET') =>
    ask(host.port, { path, headers, method });

  const found = await get('/downloads/there');
  expect(found).toMatchObject({ status: 200, body: 'content' });
  const disposition = String(found.headers['content-disposition']);
  expect(disposition).toMatch(/^attachment; filename\*=UTF-8''[\w.%-]+$/);
  expect(decodeURIComponent(disposition.split("''")[1])).toBe(name);
  expect(found.headers).toMatchObject({ 'content-length': '7', 'x-content-type-options': 'nosniff' });
  expect(await get('/downloads/there', known, 'HEAD')).toMatchObject({ status: 200, body: '' });
  expect(await get('/downloads/gone')).toMatchObject({ status: 404, body: 'It is gone.\n' });
  expect((await get('/downloads/other')).status).toBe(404);
  for (const path of ['/downloads/..%2fthere', '/downloads/%2e%2e/there', '/downloads/there%00'])
    expect((await get(path)).status).toBe(404);
  expect(asked).not.toContain('../there');

  asked.length = 0;
  expect((await get('/downloads/there', { host: authority })).status).toBe(401);
  expect((await get('/downloads/there', { ...known, origin: 'http://evil.example' })).status).toBe(403);
  expect((await get('/downloads/there', { ...known, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await get('/downloads/there', known, 'PUT')).status).toBe(405);
  expect(asked).toEqual([]);
  expect(defects).toEqual([]);
});

test('of what was exported only files in the project’s own folder can be fetched', async () => {
  const project = createProject(work.path('own'));
  try {
    const own = join(project.exportsFolder, 'own.onnx');
    const outside = work.write('outside.onnx', 'secret');
    const link = join(project.exportsFolder, 'link.onnx');
    const besides = join(`${project.exportsFolder}-besides`, 'besides.onnx');
    mkdirSync(`${project.exportsFolder}-besides`);
    writeFileSync(own, 'model');
    writeFileSync(besides, 'secret');
    symlinkSync(outside, link);
    const files = [own, outside, link, besides, join(project.exportsFolder, 'gone.onnx')];
    recordExport(project, 1, { files, agreement: { items: 1, largestDifference: 0 } });
    const find = (path: string) => findDownload(project, new Map(), path);
    const found = find('exports/1/own.onnx');
    expect(found).toMatchObject({ name: 'own.onnx', size: 5 });
    expect(await text(found!.content)).toBe('model');
    for (const name of ['outside.onnx', 'link.onnx', 'besides.onnx', 'gone.onnx', 'project.sqlite', '..', ''])
      expect(find(`exports/1/${name}`)).toBeUndefined();
    expect(find('exports/2/own.onnx')).toBeUndefined();
    expect(() => find('predictions/1')).toThrow('Predict again');
    expect(readFileSync(outside, 'utf8')).toBe('secret');
  } finally {
    project.close();
  }
});
