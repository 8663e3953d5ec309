import type { Hono } from 'hono';
import { serveAsset } from './assets.ts';
import { type Dialect, saidOf } from './dialect.ts';
import type { Module } from './module.ts';
import { openapi } from './openapi.ts';
import { allProblemsOf, exampleProblem } from './openapi-replies.ts';
import type { Json } from './openapi-schemas.ts';
import { Problem } from './problems.ts';
import type { Route } from './routes.ts';

/** Serves each dialect's own OpenAPI document, since Souk's own says nothing of them. */
export function serveDialects(app: Hono, modules: readonly Module[], version: string): void {
  for (const { dialect, routes } of modules) {
    if (!dialect) continue;
    serveAsset(app, dialect.document, () => ({
      body: JSON.stringify(dialectDocument(dialect, routes, version)),
      type: 'application/json',
      headers: { 'access-control-allow-origin': '*' },
    }));
  }
}

/** The document of a dialect: made of the schemas of its routes, with refusals as it says them. */
export function dialectDocument(dialect: Dialect, routes: readonly Route[], version: string): object {
  const document = openapi(
    routes.map((route) => ({ module: dialect.title, route })),
    version,
    [],
  );
  const { responses: _, ...components } = document.components as Json;
  const paths = document.paths as Record<string, Record<string, Json>>;
  for (const route of routes) {
    const operation = paths[route.path]![route.method.toLowerCase()]!;
    operation.responses = { ...successes(operation.responses as Json), ...refusalsOf(dialect, route) };
    if (route.spec.rawKey) operation.security = [{ rawKey: [] }, { apiKey: [] }];
  }
  const rawKey = { type: 'apiKey', in: 'header', name: 'Authorization', description: 'The API key by itself, without a scheme' };
  return {
    ...document,
    info: { title: dialect.title, version, description: dialect.about },
    paths,
    components: { ...components, securitySchemes: { ...(components.securitySchemes as Json), rawKey } },
  };
}

const successes = (responses: Json): Json => Object.fromEntries(Object.entries(responses).filter(([status]) => Number(status) < 400));

function refusalsOf(dialect: Dialect, route: Route): Json {
  const said = allProblemsOf(route).map((kind) => {
    const { code, status, title, detail } = exampleProblem(kind) as { code: string; status: number; title: string; detail: string };
    return { title, ...saidOf(dialect, new Problem(code, status, title, detail), route.spec.refusals) };
  });
  return Object.fromEntries(
    [...Map.groupBy(said, ({ status }) => status)].map(([status, all]) => [
      status,
      {
        description: [...new Set(all.map(({ title }) => `${title}.`))].join(' '),
        content: {
          'application/json': {
            schema: { type: 'object' },
            examples: Object.fromEntries(all.map(({ title, body }) => [title, { value: body }])),
          },
        },
      },
    ]),
  );
}
