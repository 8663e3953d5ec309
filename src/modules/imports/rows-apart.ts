import type { Database } from '#kernel/database.ts';
import { isId } from '#kernel/ids.ts';
import { apartPlaces, type Place, placesUpsert } from './import.ts';
import { type Fault, type FileRow, MAX_NAME, productIdOf, type ReadProduct, refused } from './read-product.ts';

/** What a row calls its product: letter case of an id does not count. */
export const idIn = ({ cells }: FileRow): string => {
  const id = cells.id?.trim() ?? '';
  return isId(id) ? id.toLowerCase() : id;
};

type Reason = Pick<Fault, 'column' | 'reason'>;

const apart = (row: number, from: number): Reason => ({
  column: 'id',
  reason: `Rows of one product stand together: row ${row} is apart from row ${from}`,
});

/** Notes where the next products of a file stand, and refuses those that have stood elsewhere in it. */
export async function refuseReturning(
  tx: Database,
  importId: string,
  groups: readonly FileRow[][],
  read: readonly ReadProduct[],
): Promise<ReadProduct[]> {
  const ids = groups.map(([first]) => idIn(first!)).map((id) => (id === '' || id.length > MAX_NAME ? undefined : productIdOf(id)));
  const places = new Map<string, Place>();
  for (const [n, productId] of ids.entries()) {
    const { row } = groups[n]![0]!;
    const place = productId && places.get(productId);
    if (place) place.apart ??= row;
    else if (productId) places.set(productId, { productId, row, apart: null });
  }
  const noted = places.size > 0 ? await tx.many<Omit<Place, 'apart'>>(placesUpsert(importId, [...places.values()])) : [];
  const firstRows = new Map(noted.map(({ productId, row }) => [productId, row]));
  return read.map((one, n) => {
    const row = one.rows[0]!;
    const first = firstRows.get(ids[n] ?? '') ?? row;
    return first === row || 'faults' in one ? one : refused([{ row, ...apart(row, first) }], one.rows);
  });
}

/** Why those of these products are refused that stand in two places of the file. */
export async function apartOnes(db: Database, importId: string, productIds: readonly string[]): Promise<Map<string, Reason>> {
  const found = await db.many<Place & { apart: number }>(apartPlaces(importId, productIds));
  return new Map(found.map((place) => [place.productId, apart(place.apart, place.row)]));
}
