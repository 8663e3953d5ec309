import { defineConfig } from 'vitest/config';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `The tests need Node 24, and this is Node ${process.versions.node}: run them with "npm run test:only -- <path>", which brings it.\n`,
  );
  process.exit(1);
}

export default defineConfig({
  test: {
    include: ['src/**/*.{test,spec}.ts', 'apps/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
});
