/** Licences that are offered, by their SPDX identifiers; others are said in words. */
export const offeredLicences = ['CC-BY-4.0', 'CC-BY-NC-4.0', 'CC0-1.0', 'Apache-2.0', 'MIT'] as const;
