import { type Call, needsSignIn } from './document.ts';

/** One call, written in a language: what a reader copies. */
export interface Sample {
  language: 'curl' | 'TypeScript';
  text: string;
}

/** The call with its example values, for bash and for TypeScript (fetch). Both read the token from a variable. */
export function samplesOf(call: Call, origin: string): Sample[] {
  return [
    { language: 'curl', text: curl(call, origin) },
    { language: 'TypeScript', text: typescript(call, origin) },
  ];
}

/** The example value of a parameter: text that can be part of an address. */
const exampleOf = (value: unknown): string => encodeURIComponent(String(value ?? 'x'));

const fill = (call: Call): string => {
  const path = call.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    exampleOf(call.parameters?.find((parameter) => parameter.name === name)?.example),
  );
  const query = (call.parameters ?? [])
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name, example }) => `${name}=${exampleOf(example)}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
};

export const bodyExample = (call: Call): unknown => Object.values(call.requestBody?.content ?? {})[0]?.example;
const contentType = (call: Call): string | undefined => Object.keys(call.requestBody?.content ?? {})[0];
const sendsKey = (call: Call): boolean => call.parameters?.some(({ name, required }) => name === 'Idempotency-Key' && required) ?? false;

function curl(call: Call, origin: string): string {
  const body = bodyExample(call);
  const type = contentType(call);
  const lines = [
    `curl -s ${call.method === 'GET' || (call.method === 'POST' && body !== undefined) ? '' : `-X ${call.method} `}'${origin}${fill(call)}'`,
    needsSignIn(call) ? '-H "Authorization: Bearer $TOKEN"' : '',
    sendsKey(call) ? '-H "Idempotency-Key: $(uuidgen)"' : '',
    type && body !== undefined ? `-H 'Content-Type: ${type}'` : '',
    body === undefined ? '' : `-d '${JSON.stringify(body, null, 2).replaceAll("'", `'\\''`)}'`,
  ];
  return lines.filter(Boolean).join(' \\\n  ');
}

function typescript(call: Call, origin: string): string {
  const body = bodyExample(call);
  const type = contentType(call);
  const headers = [
    needsSignIn(call) ? `    Authorization: \`Bearer \${token}\`,` : '',
    sendsKey(call) ? "    'Idempotency-Key': crypto.randomUUID(), // a repeated call sends the same one" : '',
    type && body !== undefined ? `    'Content-Type': '${type}',` : '',
  ].filter(Boolean);
  const options = [
    call.method === 'GET' ? '' : `  method: '${call.method}',`,
    headers.length > 0 ? `  headers: {\n${headers.join('\n')}\n  },` : '',
    body === undefined ? '' : `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')}),`,
  ].filter(Boolean);
  const address = `'${origin}${fill(call)}'`;
  const ask =
    options.length === 0 ? `const reply = await fetch(${address});` : `const reply = await fetch(${address}, {\n${options.join('\n')}\n});`;
  const isEmpty = call.responses[204] !== undefined;
  return `${ask}\nif (!reply.ok) throw new Error((await reply.json()).code);${isEmpty ? '' : '\nconst result = await reply.json();'}`;
}
