import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with the one plain line that continuous integration reads: `N passed, N failed, N skipped`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    // After the default reporter's own summary, which is written in the same turn.
    process.once('exit', () => console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`));
  }
}
