/** Prints a line of what was measured. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Prints the statements that took longest since the last reset of `pg_stat_statements`, for each of `count` of these units. */
export async function sayStatements(asked: Asked, { unit, count, most }: { unit: string; count: number; most: number }): Promise<void> {
  say(`statements, those inside functions too\n\n| µs per ${unit} | calls per ${unit} | statement |\n|---|---|---|`);
  for (const row of await asked<{ us: string; calls: string; query: string }>(`
    select round((total_exec_time * 1000 / ${count})::numeric, 1) as us, round(calls::numeric / ${count}, 2) as calls,
           left(regexp_replace(query, '\\s+', ' ', 'g'), 150) as query
    from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) order by total_exec_time desc limit ${most}`))
    say(`| ${row.us} | ${row.calls} | ${row.query} |`);
}

/** Asks the database of a bench. */
export type Asked = <Row>(text: string) => Promise<Row[]>;
