import { readFileSync } from 'node:fs';
import { operationId } from '#kernel/routes.ts';
import { everything } from '../src/souk.ts';

/**
 * Run after all tests: every problem that a route declares was caused by one of them, at that route. (That none is undeclared,
 * each call of a test checks by itself; see people.ts.)
 */
const seen = new Set(readFileSync(process.argv[2] ?? '', 'utf8').split('\n'));
const declared = everything.flatMap(({ routes }) =>
  routes.flatMap((route) => route.spec.problems.map(({ code }) => `${operationId(route)} ${code}`)),
);
const missing = declared.filter((line) => !seen.has(line));
if (declared.length === 0 || missing.length > 0) {
  process.stderr.write(`Problems that no test causes: ${missing.join(', ') || 'no problem is declared at all'}\n`);
  process.exit(1);
}
process.stdout.write(`${declared.length} problems that routes declare were each caused by a test.\n`);
