import { invalid, malformed } from './problems.ts';

/** The query parameters of an address. One without a value counts as absent; none may be repeated. */
export function readQuery(url: string): Record<string, string> {
  const start = url.indexOf('?');
  if (start < 0) return {};
  const given = Object.entries(decodeForm(url.slice(start + 1), 'query'));
  return Object.fromEntries(given.filter(([, value]) => value !== ''));
}

/**
 * The fields of a form (application/x-www-form-urlencoded), which an address carries too. Stricter than URLSearchParams, which
 * replaces what is not UTF-8.
 * @throws malformed for escapes that are none; invalid for a repeated name
 */
export function decodeForm(text: string, place: 'query' | 'body'): Record<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals), place);
    if (fields.has(name) || name === '__proto__')
      throw invalid({ errors: [{ pointer: `/${name.slice(0, 100)}`, detail: 'must be given once', in: place }] });
    fields.set(name, equals < 0 ? '' : decode(part.slice(equals + 1), place));
  }
  return Object.fromEntries(fields);
}

function decode(text: string, place: 'query' | 'body'): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed({ reason: `The ${place} is not well encoded: % must begin an escape of UTF-8, such as %C3%A9.` });
  }
}
