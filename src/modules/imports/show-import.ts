import { z } from 'zod';
import { pageOf } from '#kernel/cursors.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, Limit } from '#kernel/shapes.ts';
import type { Imports } from './context.ts';
import { Import, type ImportRow, importById, importView, MOST_REPORTED, Refusal, refusalsPage } from './import.ts';

export const ReportQuery = z.object({ limit: Limit, cursor: Cursor });

export const ImportReport = Import.extend({
  report: z.array(Refusal).meta({ description: `Why rows were refused, by row; of the first ${MOST_REPORTED} reasons` }),
  nextCursor: z.string().nullable(),
}).meta({ id: 'ImportReport' });

interface RefusalRow {
  row: number;
  column: string;
  reason: string;
}

/** How far an import is, and why rows of its file were refused. */
export async function showImport(ctx: Imports, id: string, query: z.infer<typeof ReportQuery>): Promise<z.infer<typeof ImportReport>> {
  const row = await ctx.db.maybe<ImportRow>(importById(id));
  if (!row) throw notFound();
  const { items, nextCursor } = await pageOf(ctx, `import:${id}`, query, {
    rows: (after, rows) => ctx.db.many<RefusalRow>(refusalsPage(id, after as [number, string] | undefined, rows)),
    position: (refusal: RefusalRow) => [refusal.row, refusal.column],
    item: ({ row, column, reason }) => ({ row, ...(column === '' ? {} : { column }), reason }),
  });
  return { ...importView(row), report: items, nextCursor };
}
