import type { Database } from '#kernel/database.ts';
import { isId } from '#kernel/ids.ts';
import { apartPlaces, type Place, placesUpsert } from './import.ts';
import { type Fault, type FileRow, MAX_NAME, productIdOf } from './read-product.ts';

/** What a row calls its product: letter case of an id does not count, nor how Unicode composes a name. */
export const idIn = ({ cells }: FileRow): string => {
  const id = cells.id?.trim() ?? '';
  return isId(id) ? id.toLowerCase() : id.normalize('NFC');
};

/** Notes the rows of the next products of a file. It also notes refused products, so that no other part of them is saved. */
export async function notePlaces(tx: Database, importId: string, groups: readonly FileRow[][]): Promise<void> {
  const places = new Map<string, Place>();
  for (const [first] of groups as [FileRow, ...FileRow[]][]) {
    const id = idIn(first);
    if (id === '' || id.length > MAX_NAME) continue;
    const productId = productIdOf(id);
    const place = places.get(productId);
    if (place) place.apart ??= first.row;
    else places.set(productId, { productId, row: first.row, apart: null });
  }
  if (places.size > 0) await tx.execute(placesUpsert(importId, [...places.values()]));
}

type Reason = Pick<Fault, 'column' | 'reason'>;

const apart = (row: number, from: number): Reason => ({
  column: 'id',
  reason: `Rows of one product must stand together: row ${row} is apart from row ${from}`,
});

/** For each of these products that is in two places of the file, why it is refused. */
export async function apartOnes(db: Database, importId: string, productIds: readonly string[]): Promise<Map<string, Reason>> {
  const found = await db.many<Place & { apart: number }>(apartPlaces(importId, productIds));
  return new Map(found.map((place) => [place.productId, apart(place.apart, place.row)]));
}
