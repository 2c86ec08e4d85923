import { cpus } from 'node:os';

/** What figures were measured on, for people. */
export const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`;
