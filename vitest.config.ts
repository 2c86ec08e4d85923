import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/ensure-chromium.ts'],
    // ONNX Runtime and libvips are native and hold process-wide thread pools: a process a file, two at a time.
    pool: 'forks',
    maxWorkers: 2,
    // A real browser beside real training on two shared cores now and then misses a wait; a defect fails twice.
    retry: process.env['CI'] ? 1 : 0,
    // As long as a page's waits: beside other work a second is soon over.
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/support/summary-reporter.ts'],
  },
});
