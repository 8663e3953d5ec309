import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { problem } from '#kernel/problems.ts';
import { type Cells, type Column, columns, needed, unguarded } from './cells.ts';
import type { FileRow } from './read-product.ts';

export const unreadable = problem({
  code: 'imports/unreadable',
  status: 422,
  title: 'The file cannot be read',
  members: { reason: z.string().meta({ example: 'There is no column price.' }) },
  detail: ({ reason }) => `${reason} Nothing of the file is saved.`,
});

const MAX_RECORD_BYTES = 200_000;
export const MAX_ROWS = 500_000;

/**
 * The rows of a CSV file (RFC 4180) as they come, in memory one chunk at a time. Commas, semicolons or tabs stand between cells: what stands
 * in the header. @throws unreadable
 */
export async function* readRows(body: AsyncIterable<Uint8Array>): AsyncGenerator<FileRow> {
  const { head, text } = await withHeader(decoded(body));
  const parser = parse({
    delimiter: delimiterOf(head),
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  pipeline(Readable.from(text), parser, () => {}); // an error of the body comes out of the parser
  let names: Column[] | undefined;
  let row = 0;
  let taken = 0;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      row++; // programs for tables count empty lines too
      if (cells.every((cell) => cell.trim() === '')) continue;
      if (!names) names = namesIn(cells);
      else if (++taken > MAX_ROWS) throw unreadable({ reason: `It has more than ${MAX_ROWS} rows.` });
      else yield fileRow(row, names, cells);
    }
  } catch (error) {
    if (error instanceof CsvError) throw unreadable({ reason: notCsv(error) });
    throw error;
  }
  if (!names) throw unreadable({ reason: 'It is empty.' });
}

/** The error of the parser, in words for people who write files. */
function notCsv({ code, lines }: CsvError & { lines?: number }): string {
  const line = typeof lines === 'number' ? ` Look at line ${lines}.` : '';
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'It is not CSV. A quotation mark opens a cell and none closes it.';
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `It is not CSV. A row is longer than ${MAX_RECORD_BYTES} bytes; perhaps a quotation mark is not closed.${line}`;
  return `It is not CSV. A quotation mark is in the wrong place: a cell with one stands in quotation marks, and the mark in it is written twice.${line}`;
}

const fileRow = (row: number, names: readonly Column[], cells: readonly string[]): FileRow => ({
  row,
  cells: Object.fromEntries(names.map((name, place) => [name, unguarded(cells[place] ?? '')])) as Cells,
  ...(cells.length > names.length
    ? { fault: `has ${cells.length} cells, and the header ${names.length}; put a cell with a separator in quotation marks` }
    : {}),
});

async function* decoded(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true }); // drops a byte order mark
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw unreadable({ reason: 'It is not UTF-8 text.' });
    }
  };
  for await (const bytes of body) yield decode(bytes);
  yield decode();
}

/** The first line that is not empty, and the whole text again from its beginning. */
async function withHeader(chunks: AsyncGenerator<string>): Promise<{ head: string; text: AsyncGenerator<string> }> {
  let begun = '';
  for (;;) {
    const { done, value } = await chunks.next();
    begun += value ?? '';
    if (done || /[\r\n]/.test(begun.trimStart()) || begun.length > MAX_RECORD_BYTES) break;
  }
  return {
    head: begun.trimStart().split(/[\r\n]/, 1)[0]!,
    text: (async function* () {
      yield begun;
      yield* chunks;
    })(),
  };
}

const delimiterOf = (head: string): string => /[,;\t]/.exec(head)?.[0] ?? ',';

function namesIn(cells: readonly string[]): Column[] {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const unknown = names.filter((name) => !(columns as readonly string[]).includes(name));
  const twice = names.find((name, place) => names.indexOf(name) < place);
  const both = names.includes('price') || names.includes('currency') ? (['price', 'currency'] as const) : [];
  const missing = [...needed, ...both].find((name) => !names.includes(name));
  if (unknown.length > 0)
    throw unreadable({ reason: `There is no column ${unknown[0]!.slice(0, 60) || '(empty)'}; there are ${columns.join(', ')}.` });
  if (twice) throw unreadable({ reason: `The column ${twice} occurs twice.` });
  if (missing) throw unreadable({ reason: `The column ${missing} is missing.` });
  return names as Column[];
}
