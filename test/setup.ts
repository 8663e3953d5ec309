import { afterAll, afterEach, expect } from 'vitest';
import { closeAll } from './closing.ts';
import { takeErrors } from './logged-errors.ts';
import type { Reply } from './people.ts';

interface ProblemMatchers<R> {
  /** An RFC 9457 reply with this status and code. */
  toBeProblem(status: number, code: string): R;
}

declare module 'vitest' {
  interface Matchers<R, T> extends ProblemMatchers<R> {}
}

expect.extend({
  toBeProblem(reply: Reply, status: number, code: string) {
    const pass =
      reply.status === status &&
      reply.body?.code === code &&
      reply.body?.status === status &&
      typeof reply.body?.detail === 'string' &&
      reply.headers.get('content-type') === 'application/problem+json';
    return { pass, message: () => `expected the problem ${status} ${code}, got ${reply.status} ${JSON.stringify(reply.body)}` };
  },
});

afterEach(({ task }) => {
  const errors = takeErrors();
  if (errors && task.result?.state === 'fail') console.error(`Souk logged in "${task.name}":\n${errors}`);
});

afterAll(closeAll);
