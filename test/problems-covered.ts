import { readFileSync } from 'node:fs';
import { operationId } from '#kernel/routes.ts';
import { modules } from '../src/modules/index.ts';

/**
 * Run after all tests: every problem that a route declares was caused by one of them. (That none is undeclared, each
 * call of a test checks by itself; see people.ts.)
 */
const seen = new Set(readFileSync(process.argv[2] ?? '', 'utf8').split('\n'));
const declared = modules.flatMap(({ routes }) =>
  routes.flatMap((route) => route.spec.problems.map(({ code }) => `${operationId(route)} ${code}`)),
);
const codes = new Set([...seen].map((line) => line.split(' ')[1]));
const missing = [...new Set(declared.map((line) => line.split(' ')[1]!))].filter((code) => !codes.has(code));
if (declared.length === 0 || missing.length > 0) {
  process.stderr.write(`Problems that no test causes: ${missing.join(', ') || 'no problem is declared at all'}\n`);
  process.exit(1);
}
process.stdout.write(`${codes.size} kinds of problem were caused by the tests; none that is declared is missing.\n`);
