import packageJson from '../../package.json' with { type: 'json' };

export const version: string = packageJson.version;
/** As written into files that the studio makes. */
export const productName = `Parfocal ${version}`;
