/** What the reference pages read of an OpenAPI 3.1 document. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

export interface Media {
  schema?: Schema;
  example?: unknown;
}

export interface Reply {
  description: string;
  headers?: Record<string, { description?: string }>;
  content?: Record<string, Media>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Reply>;
}

export interface Document {
  info: { title: string; version: string; description?: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses?: Record<string, Reply>; headers?: Record<string, { description?: string }> };
}

/** An operation and where it answers. */
export interface Call extends Operation {
  method: string;
  path: string;
}

export interface Group {
  name: string;
  description: string;
  /** Its page: `/docs/<slug>`. */
  slug: string;
  calls: Call[];
}

/** Where the page of a tag is. */
export const slugOf = (tag: string): string => tag.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** The operations by the tag that they carry first, in the order in which the document names the tags. */
export function groupsOf(document: Document): Group[] {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Call => ({ ...operation, responses: repliesOf(operation, document), method: method.toUpperCase(), path }),
    ),
  );
  return document.tags
    .map(({ name, description = '' }) => ({
      name,
      description,
      slug: slugOf(name),
      calls: calls.filter(({ tags }) => tags[0] === name),
    }))
    .filter((group) => group.calls.length > 0);
}

interface Reference {
  $ref?: string;
}

const nameOf = ({ $ref }: Reference): string => $ref?.split('/').at(-1) ?? '';

/** The replies of a call, without references and without the headers that every reply of this API has. */
function repliesOf({ responses }: Operation, { components }: Document): Record<string, Reply> {
  const replies = Object.entries(responses).map(([status, reply]): [string, Reply] => [
    status,
    components.responses?.[nameOf(reply as Reference)] ?? reply,
  ]);
  const inAll = Object.keys(replies[0]?.[1].headers ?? {}).filter((name) => replies.every(([, { headers }]) => headers?.[name]));
  const own = (headers: Reply['headers'] = {}) =>
    Object.entries(headers)
      .filter(([name]) => !inAll.includes(name))
      .map(([name, header]) => [name, components.headers?.[nameOf(header as Reference)] ?? header]);
  return Object.fromEntries(replies.map(([status, reply]) => [status, { ...reply, headers: Object.fromEntries(own(reply.headers)) }]));
}

/** Follows a reference into the components. A description beside the reference wins. */
export function resolve(schema: Schema, { components }: Document): Schema {
  const found = schema.$ref ? components.schemas[nameOf(schema)] : undefined;
  return found ? { ...found, description: schema.description ?? found.description } : schema;
}

/** Whether a call needs a token or key: `{}` among its security means that it also takes none. */
export const needsSignIn = ({ security = [] }: Operation): boolean =>
  security.length > 0 && !security.some((way) => Object.keys(way).length === 0);
