import { join } from 'node:path';
import { createVitest, type Reporter, type TestCase, type TestModule, type TestSpecification } from 'vitest/node';

export interface Runner {
  /** Runs these test files in a new process, in this order, until one test fails or the time is over. */
  run(files: readonly string[], limitMs: number): Promise<Outcome>;
  /** The PostgreSQL of the run. */
  serverUrl(): string;
  close(): Promise<void>;
}

export interface Outcome {
  /** The test file that failed, or why the run came to no end; undefined when all passed. */
  noticedBy?: string;
  /** The first test that failed, and what it said. */
  because?: string;
  /** All test files that failed. */
  failed: string[];
}

/** A vitest that stays, with one PostgreSQL, on a copy of the sources. */
export async function openRunner(root: string, options: { setupFiles?: string[]; bail?: number } = {}): Promise<Runner> {
  const seen = { failed: [] as string[], because: [] as string[] };
  const reporter: Reporter = {
    onTestCaseResult(test: TestCase) {
      const { state, errors } = test.result();
      if (state === 'failed') seen.because.push(`${test.fullName}: ${errors?.[0]?.message?.slice(0, 300)}`);
    },
    onTestModuleEnd(module: TestModule) {
      if (module.state() !== 'failed') return;
      seen.failed.push(module.relativeModuleId);
      seen.because.push(...module.errors().map(({ message }) => message.slice(0, 300)));
    },
  };
  const vitest = await createVitest('test', {
    root,
    config: join(root, 'vitest.config.ts'),
    watch: false,
    isolate: false, // with one worker, all files of a run go into one new process
    maxWorkers: 1,
    bail: options.bail ?? 1,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5000,
    reporters: [reporter],
    silent: true,
    sequence: { sequencer: asGiven },
    setupFiles: ['test/setup.ts', ...(options.setupFiles ?? [])],
  });
  await vitest.standalone();
  const project = vitest.getRootProject();
  const specificationOf = (file: string): TestSpecification => project.createSpecification(join(root, file));
  return {
    async run(files, limitMs) {
      seen.failed = [];
      seen.because = [];
      let isTooLong = false;
      const limit = setTimeout(() => {
        isTooLong = true;
        void vitest.cancelCurrentRun('keyboard-input').catch(() => {});
        void vitest.cancelCurrentRun('keyboard-input').catch(() => {}); // the second one is by force
      }, limitMs);
      const { unhandledErrors } = await vitest.runTestSpecifications(files.map(specificationOf));
      clearTimeout(limit);
      const { failed } = seen;
      if (failed[0]) return { noticedBy: failed[0], because: seen.because[0], failed };
      if (isTooLong) return { noticedBy: 'the time limit', failed };
      const [error] = unhandledErrors as Error[];
      return error ? { noticedBy: 'an error outside the tests', because: String(error.message).slice(0, 300), failed } : { failed };
    },
    serverUrl: () => project.getProvidedContext().serverUrl,
    close: () => vitest.close(),
  };
}

/** Vitest wants a class. */
const asGiven = class {
  shard = (files: TestSpecification[]): TestSpecification[] => files;
  sort = (files: TestSpecification[]): TestSpecification[] => files;
} as never;
