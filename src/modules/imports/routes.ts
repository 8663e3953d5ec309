import { notFound } from '#kernel/problems.ts';
import { FileBody, get, permitted, post } from '#kernel/routes.ts';
import type { Imports } from './context.ts';
import { ExportQuery, exportProducts } from './export-products.ts';
import { Import } from './import.ts';
import { unreadable } from './read-file.ts';
import { ImportReport, ReportQuery, showImport } from './show-import.ts';
import { startImport, tooManyImports } from './start-import.ts';

const LIMIT_BYTES = 128 * 1024 * 1024;
const access = permitted('catalog:write');

export const routes = [
  post('/imports/products', {
    summary: 'Import a file of products',
    description:
      "UTF-8, with a header; commas, semicolons or tabs between cells. Columns: `id`; `name`, which a new product needs; `price` and `currency`, which a new variant needs; `category`, `type`, `brand`, `description`, `translations` (as JSON), `sku`, `options` (`color=red; storage=128 GB`), `stock` and `images` (an address on each line). New products are the shop's own and public at once. Rows of one product stand together. " +
      'An empty cell, or a column that is absent, does not change anything; variants that the file does not name stay. At most 128 MiB and 500,000 rows. The same Idempotency-Key with the same file is the same import.',
    access,
    idempotent: 'required',
    streams: { types: ['text/csv'], limitBytes: LIMIT_BYTES },
    returns: Import,
    status: 202,
    problems: [unreadable, tooManyImports],
    handle: (ctx: Imports, { stream, key }) => startImport(ctx, stream, key!),
  }),
  get('/imports/{id}', {
    summary: 'The state of an import',
    description: 'Its state, how many rows are saved, and why others were refused, by their number in the file.',
    access,
    query: ReportQuery,
    returns: ImportReport,
    problems: [notFound],
    handle: (ctx: Imports, { params, query }) => showImport(ctx, params.id, query),
  }),
  get('/exports/products', {
    summary: 'Export products as a file',
    description: 'A row for each variant, with the columns that an import takes. Importing the file again changes nothing.',
    access,
    query: ExportQuery,
    pours: 'text/csv',
    returns: FileBody,
    fileName: () => 'products.csv',
    problems: [notFound],
    handle: (ctx: Imports, { query }) => exportProducts(ctx, query),
  }),
];
