import { isAtRoot, type Route } from './routes.ts';

/** A route's path as a regular expression. A path below `/v1` answers without that too; `/.well-known` stands at the root only. */
export const patternOf = (path: string): string =>
  `^${isAtRoot(path) ? '' : '(/v1)?'}${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`;

/** The paths whose bodies are streamed: they may be large, and take long to arrive. */
export const streamedPatterns = (routes: readonly Route[]): string[] => [
  ...new Set(routes.filter(({ spec }) => spec.streams).map(({ path }) => patternOf(path))),
];
