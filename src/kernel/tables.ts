import { type Database, sql } from './database.ts';

/** A column that holds an account id, or something personal, and what becomes of it when the account is erased. */
export interface PersonalColumn {
  readonly holds: 'account id' | 'personal data' | 'nobody';
  readonly afterErasure: 'erased' | 'stays';
  /** Why it stays, or how it is protected meanwhile. */
  readonly note: string | undefined;
}

/** What a module stores of people: table (with its schema), then column. */
export type Tables = Readonly<Record<string, Readonly<Record<string, PersonalColumn>>>>;

/** An account id that goes with the account. */
export const accountId: PersonalColumn = { holds: 'account id', afterErasure: 'erased', note: undefined };
/** An account id that stays when the account is erased: an id says nothing of a person by then. */
export const staysAs = (note: string): PersonalColumn => ({ holds: 'account id', afterErasure: 'stays', note });
/** Personal data, which goes with the account. */
export const personal = (note?: string): PersonalColumn => ({ holds: 'personal data', afterErasure: 'erased', note });
/** Personal data that stays, for a reason that the law or the books give. */
export const personalStays = (note: string): PersonalColumn => ({ holds: 'personal data', afterErasure: 'stays', note });

/** Named as if it held an account id, and holds none: says what it is. */
export const nobody = (note: string): PersonalColumn => ({ holds: 'nobody', afterErasure: 'stays', note });

interface Declaring {
  readonly name: string;
  readonly tables: Tables;
}

const HEAD = `# Personal data

Where Souk stores account ids and personal data, and what becomes of them when an account is erased. This page is written from what the
modules declare (\`npm run personal-data\`); a test compares it with the database.
`;

/** docs/personal-data.md. */
export function personalDataPage(modules: readonly Declaring[]): string {
  const sections = modules
    .filter(({ tables }) => Object.keys(tables).length > 0)
    .map(({ name, tables }) => {
      const rows = Object.entries(tables).flatMap(([table, columns]) =>
        Object.entries(columns)
          .filter(([, { holds }]) => holds !== 'nobody')
          .map(([column, { holds, afterErasure, note = '' }]) => `| \`${table}\` | \`${column}\` | ${holds} | ${afterErasure} | ${note} |`),
      );
      return `## ${name}\n\n| table | column | holds | after erasure | note |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
    });
  return [HEAD, ...sections].join('\n');
}

const ACCOUNT_NAMES =
  '(^|_)(account|user|customer|buyer|seller|owner|author|person|payer|payee|maker|provider|requester|sender|recipient|by)(_id)?$';

/** Columns of these modules that none declares in its `tables`, although their names say that they hold an account id. */
export async function undeclaredColumns(db: Database, modules: readonly Declaring[]): Promise<string[]> {
  const declared = modules.flatMap(({ tables }) =>
    Object.entries(tables).flatMap(([table, columns]) => Object.keys(columns).map((column) => `${table}.${column}`)),
  );
  const rows = await db.many<{ name: string }>(sql`
    select format('%s.%s.%s', table_schema, table_name, column_name) as name from information_schema.columns
    where table_schema = any(${modules.map(({ name }) => name)}::text[]) and data_type in ('uuid', 'text', 'ARRAY') and column_name ~ ${ACCOUNT_NAMES}
    order by 1`);
  return rows.map(({ name }) => name).filter((name) => !declared.includes(name));
}
