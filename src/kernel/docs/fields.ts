import { html } from 'hono/html';
import { type Document, resolve, type Schema } from './document.ts';
import { type Html, inline } from './page.ts';

interface Field {
  name: string;
  type: string;
  required: boolean;
  description: string;
}

const DEEPEST = 5;

/** The fields of a schema as a list; those of objects within it follow their object, as `items[].price`. */
export function fieldList(schema: Schema, document: Document): Html {
  const fields = fieldsOf(schema, document, '', 0);
  return fields.length === 0 ? html`<p>${typeOf(schema, document)}</p>` : html`<ul class="fields">${fields.map(fieldItem)}</ul>`;
}

export const fieldItem = ({ name, type, required, description }: Field): Html =>
  html`<li><code>${name}</code> <span class="type">${type}${required ? ', required' : ''}</span>${description ? html`<div>${inline(description)}</div>` : ''}</li>`;

function fieldsOf(given: Schema, document: Document, prefix: string, depth: number): Field[] {
  const schema = resolve(given, document);
  if (depth > DEEPEST) return [];
  if (schema.type === 'array' && schema.items) return fieldsOf(schema.items, document, `${prefix}[]`, depth);
  const choice = choicesOf(schema).filter(({ type }) => type !== 'null');
  if (choice.length > 0) return choice.length === 1 || schema.allOf ? choice.flatMap((one) => fieldsOf(one, document, prefix, depth)) : [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const description = resolve(inner, document).description ?? inner.description ?? '';
    const field = { name: path, type: typeOf(inner, document), required: schema.required?.includes(name) ?? false, description };
    return [field, ...fieldsOf(inner, document, path, depth + 1)];
  });
}

const choicesOf = ({ anyOf, oneOf, allOf }: Schema): Schema[] => anyOf ?? oneOf ?? allOf ?? [];

/** A type in words, with its limits: `string, 3 to 32 characters`. */
export function typeOf(given: Schema, document: Document): string {
  const schema = resolve(given, document);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => String(value)).join(' | ');
  const choices = choicesOf(schema);
  if (choices.length > 0) return [...new Set(choices.map((choice) => typeOf(choice, document)))].join(schema.allOf ? ' and ' : ' or ');
  if (schema.type === 'array')
    return `list${limits(schema.minItems, schema.maxItems, '')} of ${schema.items ? typeOf(schema.items, document) : 'anything'}`;
  const name = [schema.type ?? 'anything'].flat().join(' or ');
  const more = [
    schema.format && schema.format !== 'int64' && schema.format !== 'int32' ? schema.format : '',
    limits(schema.minLength, schema.maxLength, ' characters').trim(),
    limits(schema.minimum, schema.maximum, '').trim(),
    schema.default !== undefined ? `${JSON.stringify(schema.default)} if absent` : '',
  ];
  return [name, ...more.filter(Boolean)].join(', ');
}

/** The ends of a range in words; those of every safe whole number say nothing. */
function limits(least: number | undefined, most: number | undefined, unit: string): string {
  const from = least !== undefined && Math.abs(least) < Number.MAX_SAFE_INTEGER ? least : undefined;
  const to = most !== undefined && most < Number.MAX_SAFE_INTEGER ? most : undefined;
  if (from !== undefined && to !== undefined) return from === to ? ` ${from}${unit}` : ` ${from} to ${to}${unit}`;
  if (to !== undefined) return ` at most ${to}${unit}`;
  return from !== undefined && from !== 0 ? ` at least ${from}${unit}` : '';
}
