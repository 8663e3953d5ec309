import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `The tests need Node 24, and this is Node ${process.versions.node}: run them with "npm run test:only -- <path>", which brings it.\n`,
  );
  process.exit(1);
}

// Code that has been compiled by an earlier run: a third of the time of a run with one short test file.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/souk-tests');
enableCompileCache(process.env.NODE_COMPILE_CACHE);

/** They take a minute or more, mostly waiting: one of them that begins last would be waited for by all others. */
const LONGEST = [
  'test/kills.test.ts',
  'infra/services.test.ts',
  'apps/cli.test.ts',
  'test/import-kills.test.ts',
  'apps/outages.test.ts',
  'test/services.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => LONGEST.findIndex((file) => moduleId.endsWith(file));
    const first = files.filter((file) => placeOf(file) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
    return [...first, ...(await super.sort(files)).filter((file) => placeOf(file) < 0)];
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.{test,spec}.ts', 'apps/**/*.test.ts', 'infra/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A process runs many files: Souk is loaded and warm after the first. Three of them, as many tests wait.
    isolate: false,
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: ['default'],
    // Node runs this TypeScript by itself: nothing to transform. Generated clients import as bundlers do.
    experimental: { viteModuleRunner: process.env.CONTRACT_TOOLS === 'on' },
  },
});
