import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openProject } from '../../main/projects/project.ts';
import { setSetting } from '../../main/projects/settings.ts';
import { integrityOf, refusalOf, valueOf, workshop } from '../support/core.ts';

const work = workshop();
const isRoot = process.getuid?.() === 0;
/** The account that owns nothing, by its usual number. */
const nobody = { uid: 65534, gid: 65534 };

describe('a project is open in one process at a time', () => {
  it('refuses a second one, which is told who holds it', async () => {
    const project = work.project('held');
    project.close();
    const holder = work.child(['hold', project.folder]);
    expect(await holder.nextLine()).toBe('open');
    expect(refusalOf(() => openProject(project.folder))).toMatch(
      new RegExp(
        `^The project held is open in another program: process ${holder.pid} on ${hostname()}, since 20.*Close it there first\\.$`,
      ),
    );
    const third = await work.child(['hold', project.folder]).ended;
    expect(third.errors).toContain(`process ${holder.pid} on`);
    expect(third.code).toBe(1);
    holder.kill();
    await holder.ended;
  });

  it('takes over from a process that was killed', async () => {
    const project = work.project('orphaned');
    project.close();
    const holder = work.child(['hold', project.folder]);
    await holder.nextLine();
    holder.kill();
    expect((await holder.ended).signal).toBe('SIGKILL');
    const again = work.reopen(project);
    expect(integrityOf(again)).toEqual(['ok']);
    const described = JSON.parse(readFileSync(join(project.folder, 'lock.json'), 'utf8')) as { process: number };
    expect(described.process).toBe(process.pid);
  });

  it('refuses the same process a second time, and opens again after it was closed', () => {
    const project = work.project('twice');
    setSetting(project, 'network', 'kept');
    expect(refusalOf(() => openProject(project.folder))).toContain(`process ${process.pid} on`);
    expect(refusalOf(() => openProject(join(project.folder, '.')))).toContain('open in another program');
    project.close();
    expect(existsSync(join(project.folder, 'lock.json'))).toBe(false);
    const again = work.reopen(project);
    project.close();
    expect(valueOf(again, `SELECT value FROM settings WHERE key = 'network'`)).toBe('"kept"');
    expect(refusalOf(() => openProject(project.folder))).toContain(`process ${process.pid} on`);
  });

  it('says so when it is not known who holds it', () => {
    const project = work.project('unknown');
    writeFileSync(join(project.folder, 'lock.json'), '{"proc');
    expect(refusalOf(() => openProject(project.folder))).toContain('which one is not known');
  });
});

describe('a project that cannot be written to', () => {
  it('is refused in a sentence that names it', async ({ skip }) => {
    const folder = work.path('read-only.parfocal');
    work.project('read-only').close();
    for (const path of [work.folder, folder, join(folder, 'cache')]) chmodSync(path, 0o555);
    try {
      const { code, errors } = await work.child(['hold', folder], isRoot ? nobody : {}).ended;
      // A checkout below a private folder cannot be run by another account.
      skip(/Cannot find module|EACCES.*node/.test(errors), 'another account cannot run the program');
      expect(errors.trim()).toBe(
        `${folder}: The project is read-only. Make its folder writable, or copy it to a place that is.`,
      );
      expect(code).toBe(1);
    } finally {
      for (const path of [work.folder, folder, join(folder, 'cache')]) chmodSync(path, 0o755);
    }
  });

  it('is refused too where only its database is closed to this person', async ({ skip }) => {
    skip(!isRoot, 'needs a second account');
    chmodSync(work.folder, 0o755);
    const project = work.project('not mine');
    const file = join(project.folder, 'project.sqlite');
    project.close();
    chmodSync(project.folder, 0o777);
    chmodSync(join(project.folder, 'lock.sqlite'), 0o666);
    chmodSync(file, 0o444);
    const { errors } = await work.child(['hold', project.folder], nobody).ended;
    skip(/Cannot find module|EACCES.*node/.test(errors), 'another account cannot run the program');
    expect(errors.trim()).toBe(
      `${file}: The project is read-only. Make its folder writable, or copy it to a place that is.`,
    );
  });

  it('is not made where nothing can be made', async ({ skip }) => {
    skip(!isRoot, 'needs a second account');
    const folder = work.path('closed');
    mkdirSync(folder, { mode: 0o555 });
    const { errors } = await work.child(['new', join(folder, 'cells')], nobody).ended;
    skip(/Cannot find module|EACCES.*node/.test(errors), 'another account cannot run the program');
    expect(errors.trim()).toBe(`${join(folder, 'cells.parfocal')}: Permission was denied.`);
  });
});
