/** Where to compute; `auto` takes the fastest that gives the CPU's results, and says which and why not the others. */
export const deviceChoices = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type DeviceChoice = (typeof deviceChoices)[number];
