import { ChangedTranslations, ImportedImage, MAX_PRICE, Options, ProductText, type SavedProduct, Sku, Stock } from '#catalog';
import { derivedId, isId } from '#kernel/ids.ts';
import { Currency, type CurrencyCode, currencies } from '#kernel/money.ts';
import { isOneLine, isVisible } from '#kernel/shapes.ts';
import { type Cells, type Column, readImages, readOptions, readPrice } from './cells.ts';

/** A row of a file, with its number as programs for tables count it; the header is row 1. */
export interface FileRow {
  row: number;
  cells: Cells;
  /** What is wrong with the row as a whole. */
  fault?: string;
}

export interface Fault {
  row: number;
  column: Column | '';
  reason: string;
}

/** What the rows of one product come to. */
export type ReadProduct =
  | { product: SavedProduct; images: ImportedImage[]; rows: number[]; name: string | null }
  | { faults: Fault[]; rows: number[] };

export const MAX_VARIANTS = 100;
export const TOO_MANY_VARIANTS = `A product has at most ${MAX_VARIANTS} variants`;
export const MAX_NAME = 100;

/**
 * The id of a product that a file calls so: the id itself, or one that follows from the name, so that the same name is the same
 * product in every file.
 */
export const productIdOf = (id: string): string => (isId(id) ? id.toLowerCase() : derivedId('imported-product', id));

/** Reads rows with one id as one product. If one row is wrong, none is saved, because half of a product would be wrong too. */
export function readProduct(importId: string, rows: readonly FileRow[]): ReadProduct {
  const faults: Fault[] = rows.flatMap(({ row, fault }) => (fault ? [{ row, column: '' as const, reason: fault }] : []));
  const numbers = rows.map(({ row }) => row);
  if (faults.length > 0) return refused(faults, numbers); // its cells are not those of its columns
  const first = rows[0]!;
  const id = first.cells.id?.trim().normalize('NFC') ?? '';
  if (id === '') faults.push({ row: first.row, column: 'id', reason: 'is empty' });
  else if (!isVisible(id) || !isOneLine(id)) faults.push({ row: first.row, column: 'id', reason: 'must be one line of visible text' });
  if (id.length > MAX_NAME) faults.push({ row: first.row, column: 'id', reason: `has more than ${MAX_NAME} characters` });
  if (rows.length > MAX_VARIANTS) faults.push({ row: rows[MAX_VARIANTS]!.row, column: 'id', reason: TOO_MANY_VARIANTS });
  const text = readText(rows, faults);
  const translations = readTranslations(rows, faults);
  const images = readImagesOf(rows, faults);
  const variants = rows.slice(0, MAX_VARIANTS).map((row) => readVariant(importId, productIdOf(id), row, faults));
  if (faults.length === 0)
    return {
      product: { id: productIdOf(id), ...text, translations, variants } as SavedProduct,
      images,
      rows: numbers,
      name: isId(id) ? null : id,
    };
  return refused(faults, numbers);
}

function refused(faults: readonly Fault[], rows: number[]): ReadProduct {
  const wrong = new Set(faults.map(({ row }) => row));
  const others = rows.filter((row) => !wrong.has(row));
  return { faults: [...faults, ...others.map((row) => ({ row, column: '' as const, reason: besides(faults[0]!.row) }))], rows };
}

export const besides = (row: number): string => `Row ${row} of the same product was refused`;

const OF_PRODUCT = ['name', 'category', 'type', 'brand', 'description'] as const;

/** What the rows say of the product. An empty cell says nothing. */
function readText(rows: readonly FileRow[], faults: Fault[]): Partial<SavedProduct> {
  const text: Record<string, string | undefined> = {};
  for (const column of OF_PRODUCT) {
    const first = saidOnce(rows, column, faults);
    if (first) text[column] = judged(ProductText[column], first.cells[column], first.row, column, faults);
  }
  return text as Partial<SavedProduct>;
}

/** The first row that says something in this column. Others may say the same. */
function saidOnce(rows: readonly FileRow[], column: Column, faults: Fault[]): FileRow | undefined {
  const [first, ...others] = rows.filter(({ cells }) => cells[column] !== undefined && cells[column].trim() !== '');
  for (const { row, cells } of others)
    if (cells[column] !== first!.cells[column]) faults.push({ row, column, reason: `differs from row ${first!.row} of the same product` });
  return first;
}

function readTranslations(rows: readonly FileRow[], faults: Fault[]): SavedProduct['translations'] {
  const said = saidOnce(rows, 'translations', faults);
  if (!said) return undefined;
  const fault = (reason: string) => void faults.push({ row: said.row, column: 'translations', reason });
  const value = readJson(said.cells.translations!);
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, '__proto__')) return fault(NO_TRANSLATIONS);
  const { data, error } = ChangedTranslations.safeParse(value);
  if (!data) return fault(`${error.issues[0]!.path.join('/')}: ${error.issues[0]!.message}`);
  if (!Object.values(data).every((texts) => Object.values(texts ?? {}).every((text) => text?.isWellFormed() ?? true)))
    return fault('must not hold half a character');
  return data;
}

const NO_TRANSLATIONS = 'must be JSON such as {"fr":{"name":"Lampe"}}';

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_IMAGES = 20;

function readImagesOf(rows: readonly FileRow[], faults: Fault[]): ImportedImage[] {
  const said = saidOnce(rows, 'images', faults);
  if (!said) return [];
  const images = readImages(said.cells.images!);
  if (images.length > MAX_IMAGES) faults.push({ row: said.row, column: 'images', reason: `A product has at most ${MAX_IMAGES} images` });
  return images.slice(0, MAX_IMAGES).flatMap((image) => judged(ImportedImage, image, said.row, 'images', faults) ?? []);
}

/** The id of a new variant follows from the file and the row, so that a second attempt knows what the first one made. */
function readVariant(importId: string, productId: string, { row, cells }: FileRow, faults: Fault[]): SavedProduct['variants'][number] {
  const { sku, stock } = cells;
  const options = readOptions(cells.options ?? '');
  if (!options) faults.push({ row, column: 'options', reason: 'must be written like: color=red; storage=128 GB' });
  const hasStock = stock !== undefined && stock.trim() !== '';
  const units = hasStock && /^\s*\d{1,10}\s*$/.test(stock) ? Number(stock) : undefined;
  if (hasStock && units === undefined) faults.push({ row, column: 'stock', reason: 'must be a whole number of units' });
  return {
    id: derivedId('imported-variant', importId, productId, String(row)),
    sku: sku === undefined || sku.trim() === '' ? undefined : judged(Sku, sku, row, 'sku', faults),
    options: options && Object.keys(options).length > 0 ? judged(Options, options, row, 'options', faults) : undefined,
    price: priceIn(cells, row, faults),
    stock: units === undefined ? undefined : judged(Stock, units, row, 'stock', faults),
  };
}

/** Price and currency, or neither: the price of a known variant then stays. */
function priceIn(cells: Cells, row: number, faults: Fault[]): SavedProduct['variants'][number]['price'] {
  const [price, code] = [(cells.price ?? '').trim(), (cells.currency ?? '').trim().toUpperCase()];
  if (price === '' && code === '') return undefined;
  const currency = readCurrency(code, row, faults);
  if (price === '') faults.push({ row, column: 'price', reason: 'is empty' });
  if (price === '' || !currency) return undefined;
  const amount = readPrice(price, currency);
  if (amount !== undefined && amount > 0 && amount <= MAX_PRICE) return { amount, currency };
  faults.push({ row, column: 'price', reason: `must be a number such as 20.50, more than 0, with the decimals of ${currency}` });
  return undefined;
}

function readCurrency(code: string, row: number, faults: Fault[]): CurrencyCode | undefined {
  const { data } = Currency.safeParse(code);
  if (!data) faults.push({ row, column: 'currency', reason: code === '' ? 'is empty' : `must be one of ${currencies.join(', ')}` });
  return data;
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly { message: string }[] } };
}

function judged<T>(schema: Schema<T>, value: unknown, row: number, column: Column, faults: Fault[]): T | undefined {
  const isStorable = typeof value !== 'string' || (!value.includes('\u0000') && value.isWellFormed());
  const parsed = schema.safeParse(value);
  if (!isStorable) faults.push({ row, column, reason: 'must not hold the character U+0000' });
  else if (!parsed.success) faults.push({ row, column, reason: parsed.error.issues[0]?.message ?? 'is not valid' });
  return parsed.success ? parsed.data : undefined;
}
