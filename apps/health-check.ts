/**
 * Ends with 0 when the Souk of this machine answers, else with 1: the health check of the image. It asks `/livez`, which stays well
 * while the database is away (a restart would mend nothing), or the path that is given.
 */
const path = process.argv[2] ?? '/livez';
const answer = await fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}${path}`, { signal: AbortSignal.timeout(4000) }).catch(
  (error: Error) => error,
);
if (answer instanceof Error || !answer.ok) {
  process.stderr.write(`${path}: ${answer instanceof Error ? answer.message : answer.status}\n`);
  process.exitCode = 1;
}
