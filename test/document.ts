import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** The OpenAPI document as tests read it, and a judge of what a server answers. */
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
  tags: { name: string; description?: string }[];
  info: { description: string };
}

export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Response>;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
  explode?: boolean;
  example?: unknown;
}

export type Schema = Record<string, unknown>;
export interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
export interface Response {
  $ref?: string;
  description: string;
  headers: Record<string, unknown>;
  content?: Record<string, Media>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Headers that HTTP itself adds. */
const OF_HTTP = new Set(['content-type', 'content-length', 'connection', 'keep-alive', 'date', 'transfer-encoding', 'vary']);

const part = (text: string): string => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
export const resolved = <T extends object>(document: Document, value: T): T => {
  const ref = (value as { $ref?: string }).$ref;
  return ref
    ? (ref
        .slice(2)
        .split('/')
        .reduce((at: unknown, name) => (at as Record<string, unknown>)[name], document) as T)
    : value;
};

const isJson = (type: string) => /[/+]json$/.test(type);

/** Says what of an answer the document does not declare. Empty when all is declared. */
export function judge(document: Document): {
  reply(path: string, method: string, answer: Answer): string[];
  /** Whether a value fits the schema that stands at these names in the document. */
  fits(names: readonly string[], value: unknown): string[];
} {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
  formats.default(ajv, ['uuid', 'date-time', 'date', 'email', 'uri', 'uri-reference']);
  ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });
  ajv.addFormat('double', { type: 'number', validate: Number.isFinite });
  ajv.addSchema(document as never, 'document');
  const fits = (names: readonly string[], value: unknown): string[] => {
    const ref = `document#/${names.map(part).join('/')}`;
    const validate = ajv.getSchema(ref) ?? ajv.compile({ $ref: ref });
    return validate(value) ? [] : [ajv.errorsText(validate.errors).slice(0, 500)];
  };
  return {
    fits,
    reply(path, method, { status, headers, text }) {
      const given = document.paths[path]?.[method]?.responses[status];
      if (!given) return [`the status ${status} is not declared: ${text.slice(0, 300)}`];
      const names = given.$ref ? given.$ref.slice(2).split('/') : ['paths', path, method, 'responses', String(status)];
      const response = resolved(document, given);
      const known = new Set(Object.keys(response.headers).map((name) => name.toLowerCase()));
      const unknown = [...headers.keys()].filter((name) => !known.has(name) && !OF_HTTP.has(name));
      const problems = unknown.map((name) => `the header ${name} is not declared for ${status}`);
      const type = headers.get('content-type')?.split(';')[0];
      if (!response.content) return text === '' ? problems : [...problems, `${status} has a body, which is not declared`];
      if (!type || !response.content[type]) return [...problems, `the type ${type} is not declared for ${status}`];
      return [...problems, ...fits([...names, 'content', type, 'schema'], isJson(type) ? JSON.parse(text) : text)];
    },
  };
}
