import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `The tests need Node 24, and this is Node ${process.versions.node}: run them with "npm run test:only -- <path>", which brings it.\n`,
  );
  process.exit(1);
}

// Code that has been compiled by an earlier run: a third of the time of a run with one short test file.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/souk-tests');
enableCompileCache(process.env.NODE_COMPILE_CACHE);

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
    reporters: ['default'],
    // Node runs this TypeScript by itself: nothing to transform. Generated clients import as bundlers do.
    experimental: { viteModuleRunner: process.env.CONTRACT_TOOLS === 'on' },
  },
});
