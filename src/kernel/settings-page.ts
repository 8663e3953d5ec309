import { z } from 'zod';
import { Environment } from './settings.ts';
import type { SettingsParts } from './settings-part.ts';

const HEAD = `# Settings

Every setting of Souk, as the environment (or a file \`.env\`) gives it. [running.md](running.md) explains how they are read. This page is
written from the code by \`npm run settings\`.
`;

/** docs/settings.md: a table of the kernel's settings, and one for each module and adapter that brings its own. */
export function settingsPage(parts: SettingsParts): string {
  const tables = [['The process', Environment.shape] as const, ...Object.entries(parts).map(([name, { shape }]) => [name, shape] as const)]
    .filter(([, shape]) => Object.keys(shape).length > 0)
    .map(([name, shape]) => `## ${name}\n\n| name | default | what |\n|---|---|---|\n${rowsOf(shape).join('\n')}\n`);
  return [HEAD, ...tables, SERVICES].join('\n');
}

const SERVICES = `## Other processes

| name | default | what |
|---|---|---|
| \`<NAME>_SERVICE_URL\` | | where a module answers that does not live in this process: \`WALLET_SERVICE_URL=http://localhost:3001\`. Without \`PARTNERS_SERVICE_URL\` such a process takes no API keys |
`;

function rowsOf(shape: Readonly<Record<string, z.ZodType>>): string[] {
  const { properties } = z.toJSONSchema(z.object(shape), { io: 'input', unrepresentable: 'any' }) as {
    properties: Record<string, { default?: unknown; description?: string }>;
  };
  return Object.entries(properties).map(([name, { default: value, description = '' }]) => {
    const shown = value === undefined || value === '' ? '' : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${description.replaceAll('|', '\\|')} |`;
  });
}
