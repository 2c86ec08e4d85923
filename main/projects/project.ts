import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../contract/errors.ts';
import { takeLock } from '../database/lock.ts';
import { type Database, isDamage, openDatabase } from '../database/open.ts';
import { codesMigrations, codesPageSize, projectMigrations } from '../database/project-schema.ts';

/** A project's folder ends so, and the desktop opens it by that. */
export const projectEnding = '.parfocal';

/** An open project: the store and the folders around it. Held by one process at a time. */
export interface Project {
  readonly name: string;
  readonly folder: string;
  /** `project.sqlite`, with the codes attached as `codes`. */
  readonly database: Database;
  /** Where the trainer reads codes from. */
  readonly codesFile: string;
  /** May be deleted at any time. */
  readonly cacheFolder: string;
  readonly networksFolder: string;
  readonly runsFolder: string;
  readonly exportsFolder: string;
  readonly imagesFolder: string;
  close(): void;
}

const databaseFile = 'project.sqlite';

/** Whether a folder holds a project. */
export const isProject = (folder: string): boolean => existsSync(join(folder, databaseFile));

/** The folder that a name given by a person means: `cells` is `cells.parfocal`, unless that is what it says already. */
export function projectFolder(given: string): string {
  const folder = resolve(given);
  if (folder.endsWith(projectEnding) || isProject(folder)) return folder;
  return folder + projectEnding;
}

/**
 * Makes a new project.
 *
 * @param given the folder, with or without its ending
 * @throws UserError when something other than an empty folder is there
 */
export function createProject(given: string): Project {
  const folder = projectFolder(given);
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory())
      throw new UserError(`${folder} is a file. Choose another name for the project.`);
    if (isProject(folder)) throw new UserError(`${folder} is a project already. Open it, or choose another name.`);
    if (readdirSync(folder).length > 0)
      throw new UserError(`${folder} is not empty. Choose another name for the project.`);
  }
  mkdirSync(folder, { recursive: true });
  return open(folder);
}

/**
 * Opens a project, and brings one of an older version to this one after keeping a copy of its database in `backups`.
 *
 * @throws UserError when there is none, when another process has it open, or when a newer version made it
 */
export function openProject(given: string): Project {
  const folder = projectFolder(given);
  if (!isProject(folder)) {
    if (existsSync(given))
      throw new UserError(`${resolve(given)} is not a project. Choose a folder that ends in ${projectEnding}.`);
    throw new UserError(`There is no project at ${folder}.`, {
      onCommandLine: `Make one with: parfocal new ${basename(given)}`,
    });
  }
  return open(folder);
}

function open(folder: string): Project {
  const name = basename(folder, projectEnding);
  checkWritable(folder);
  const lock = takeLock(join(folder, 'lock'), `The project ${name}`);
  let database: Database | undefined;
  try {
    const subfolder = (part: string): string => {
      const path = join(folder, part);
      mkdirSync(path, { recursive: true });
      return path;
    };
    const backup = (version: number): string =>
      join(subfolder('backups'), `project-form-${version}-${new Date().toISOString().replaceAll(':', '')}.sqlite`);
    database = openDatabase(join(folder, databaseFile), projectMigrations, { backup });
    const cacheFolder = subfolder('cache');
    const codesFile = join(cacheFolder, 'codes.sqlite');
    prepareCodes(codesFile);
    database.prepare('ATTACH ? AS codes').run(codesFile);
    const opened = database;
    return {
      name,
      folder,
      database,
      codesFile,
      cacheFolder,
      networksFolder: subfolder('networks'),
      runsFolder: subfolder('runs'),
      exportsFolder: subfolder('exports'),
      imagesFolder: join(folder, 'images'),
      close: () => {
        opened.close();
        lock.release();
      },
    };
  } catch (error) {
    database?.close();
    lock.release();
    throw error;
  }
}

/** A project that cannot be written to is refused now, and not in the middle of the work. */
function checkWritable(folder: string): void {
  for (const path of [folder, join(folder, databaseFile)].filter((one) => existsSync(one))) {
    try {
      accessSync(path, constants.W_OK);
    } catch (error) {
      throw new UserError(
        `${path}: The project is read-only. Make its folder writable, or copy it to a place that is.`,
        { cause: error },
      );
    }
  }
}

/** Codes can be computed again: a damaged file of them is made anew, and keeps nobody from the project. */
function prepareCodes(file: string): void {
  const prepare = (): void => void openDatabase(file, codesMigrations, { pageSize: codesPageSize }).close();
  try {
    prepare();
  } catch (error) {
    if (!isDamage(error)) throw error;
    for (const part of ['', '-wal', '-shm']) rmSync(file + part, { force: true });
    prepare();
  }
}
