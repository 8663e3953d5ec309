import type { Hono } from 'hono';
import type { z } from 'zod';
import { isOfLife } from './account-life.ts';
import { fieldErrors } from './call.ts';
import { traceIdOf, traceOf } from './cause.ts';
import type { Env, HttpParts } from './http.ts';
import { invalid, notFound } from './problems.ts';
import { readJson } from './read-body.ts';
import { DEADLINE, readInternalToken } from './remote.ts';
import { problemReply } from './replies.ts';
import { isFailure, isUnexpected, problemOf } from './thrown.ts';

const INTERNAL_LIMIT_BYTES = 1024 * 1024;

/** Where other services ask: closed to the public by a short-lived signed token. */
export function serveInternal(app: Hono<Env>, parts: HttpParts, secret: string): void {
  app.post('/internal/:module/:operation', async (c) => {
    const { module, operation } = c.req.param();
    const began = performance.now();
    let known = false;
    const count = (status: number) =>
      known && parts.metrics.request({ method: 'POST', pattern: c.req.path }, status, (performance.now() - began) / 1000);
    const trace = traceOf(c.req.header('traceparent') ?? null);
    try {
      const from = await readInternalToken(c.req.header('authorization') ?? null, secret, { module, operation });
      const spec = parts.runtime.modules.find(({ name }) => name === module && parts.runtime.local.has(name))?.offers.get(operation)?.spec;
      if (!from) await parts.limits.countAddress(c.var.address);
      if (!from || !spec) throw notFound();
      known = true;
      const input = await internalInput(spec.input, c.req.raw);
      const output = await parts.tracing.span(`POST /internal/${module}/${operation}`, { kind: 'server', parent: trace }, (span) =>
        parts.runtime.ask(from.caller, module, operation, input, {
          actor: from.actor,
          address: from.address,
          cause: from.cause && { ...from.cause, language: from.cause.language ?? null, trace: span.trace ?? trace ?? from.cause.trace },
          request: null,
          tx: null,
          deadline: deadlineOf(c.req.header(DEADLINE)),
          asksNoOther: isOfLife(operation),
        }),
      );
      count(200);
      return Response.json({ output });
    } catch (error) {
      const problem = problemOf(error, c.req.raw);
      count(problem.status);
      if (isFailure(error, problem))
        parts.log.error({ err: error, module, operation, trace_id: traceIdOf(trace) }, 'an internal call failed');
      if (isUnexpected(error)) parts.errors.report(error, { place: `${module}.${operation}`, trace });
      return problemReply(problem, c.req.path, {});
    }
  });
}

/** The caller says how many milliseconds it still waits; what is asked further on gets less. */
function deadlineOf(header: string | undefined): number | undefined {
  const left = Number(header);
  return left > 0 ? performance.now() + left : undefined;
}

/** @throws tooLarge beyond a megabyte: the largest that a service says is a page of lines or the texts of one form. */
async function internalInput(schema: z.ZodType, request: Request): Promise<unknown> {
  const body = (await readJson(request, INTERNAL_LIMIT_BYTES)) as { input?: unknown } | null;
  const parsed = schema.safeParse(body?.input);
  if (!parsed.success) throw invalid({ errors: fieldErrors(parsed.error, 'body') });
  return parsed.data;
}
