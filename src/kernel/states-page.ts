import { listOf, type States, type Transition } from './machine.ts';

interface Declaring {
  readonly name: string;
  readonly machines: readonly States[];
}

const HEAD = `# States

The states of things, and every way between them. What is not here cannot happen: the code refuses it, and so does the trigger \`states\`
of the table. This page is written from what the modules declare (\`npm run states\`); a test compares it with the database.
`;

/** docs/states.md: a diagram and a table for each machine. */
export function statesPage(modules: readonly Declaring[]): string {
  const machines = modules.flatMap(({ name, machines }) => machines.map((machine) => `${sectionOf(name, machine)}\n`));
  return [HEAD, ...machines].join('\n');
}

function sectionOf(module: string, { name, table, begins, transitions }: States): string {
  const arrows = [
    ...Object.entries(begins).map(([state, who]) => `  [*] --> ${state}: ${who}`),
    ...transitions.flatMap(({ from, command, to }) => listOf(from).map((state) => `  ${state} --> ${to ?? '[*]'}: ${command}`)),
  ];
  return `## ${name[0]!.toUpperCase()}${name.slice(1)}

Module \`${module}\`, table \`${table}\`.

\`\`\`mermaid
stateDiagram-v2
${arrows.join('\n')}
\`\`\`

${tableOf(transitions)}`;
}

/** Columns that nothing fills are left out. */
function tableOf(transitions: readonly Transition[]): string {
  const columns: [title: string, cell: (way: Transition) => string][] = [
    ['from', ({ from }) => codes(listOf(from))],
    ['command', ({ command }) => command],
    ['to', ({ to }) => (to === null ? '(no row)' : codes([to]))],
    ['who', ({ who }) => listOf(who).join(', ')],
    ['guard', ({ guard = '' }) => guard],
    ['timer', ({ timer }) => (timer ? `\`${timer.name}\`, from \`${timer.due}\` on` : '')],
    ['money', ({ money = '' }) => money],
  ];
  const used = columns.filter(([, cell]) => transitions.some((way) => cell(way) !== ''));
  const rows = [used.map(([title]) => title), used.map(() => '---'), ...transitions.map((way) => used.map(([, cell]) => cell(way)))];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const codes = (states: readonly string[]): string => states.map((state) => `\`${state}\``).join(', ');
