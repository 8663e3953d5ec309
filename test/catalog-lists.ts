import type { ListOfProducts } from '../src/modules/catalog/product-list.ts';

/** Lists of the catalog that catalog-100k.ts loads: some of each kind. */

export interface Asked extends ListOfProducts {
  search?: { text: string; forgiving: boolean };
}

const newest = { sort: 'newest', limit: 20, options: {} } as const;
export const LISTS: Record<string, Asked> = {
  newest: newest,
  'by name': { ...newest, sort: 'name' },
  'by price': { ...newest, sort: 'price' },
  'by price, the dearest first': { ...newest, sort: '-price' },
  'by rating': { ...newest, sort: 'rating' },
  'of a category': { ...newest, category: 'lighting' },
  'of a category with others below it by name': { ...newest, category: 'electronics', sort: 'name' },
  'of a category by price': { ...newest, category: 'phone', sort: 'price', limit: 100 },
  'of a category, the dearest first': { ...newest, category: 'phone', sort: '-price' },
  'of a category with others below it by rating': { ...newest, category: 'electronics', sort: 'rating' },
  'of a big brand': { ...newest, brand: 'NOVA' },
  'of a small brand': { ...newest, brand: 'Atelier 2b76' },
  'of a brand in a category by price': { ...newest, brand: 'Ibis', category: 'phone', sort: 'price' },
  'of a type in a category with others below it': { ...newest, category: 'electronics', type: 'telephone' },
  'of a seller': { ...newest, seller: 'SELLER3' },
  'of a seller by id, the dearest first': { ...newest, seller: '0199c0de-1111-7000-8000-000000000003', sort: '-price' },
  'of a brand by price': { ...newest, brand: 'Ibis', sort: 'price' },
  'of a small brand by rating': { ...newest, brand: 'Atelier 2a04', sort: 'rating' },
  'of a pair that hardly is': { ...newest, category: 'phone', type: 'Desk', sort: 'price' },
  'of a seller by name': { ...newest, seller: 'seller40', sort: 'name' },
  'in stock': { ...newest, inStock: true, limit: 100 },
  'in stock by price': { ...newest, inStock: true, sort: 'price' },
  'with an option': { ...newest, options: { color: 'red' } },
  'with two options of one variant': { ...newest, options: { Color: 'red', size: 'm' } },
  'with two options, by rating': { ...newest, options: { color: 'red', size: 'M' }, sort: 'rating' },
  'in a price range': { ...newest, price: { currency: 'USD', from: 1000, to: 1500 } },
  'in a price range by price': { ...newest, price: { currency: 'USD', from: 1000, to: 1500 }, sort: '-price' },
  'in a narrow price range': { ...newest, price: { currency: 'USD', from: 1000, to: 1010 } },
  'in another currency': { ...newest, price: { currency: 'TND', from: 0, to: 99_999_999_999 } },
  'of all at once': {
    ...newest,
    ...{ category: 'phone', brand: 'Nova', type: 'Phone', seller: 'seller0', inStock: true },
    price: { currency: 'USD', from: 1, to: 400_000 },
  },
};
const words =
  'lamp|phone|telephone|nova lamp|wood|the|lam|q12089|wood steel|soft cotton dress|oud|atelier|classic nova phone|a|term105e|black bag|olive oil|creme|xyzzy|a14905|medina the'.split(
    '|',
  );
for (const text of words) LISTS[`of the search ${text}`] = { ...newest, sort: 'relevance', search: { text, forgiving: false } };
for (const text of ['lampp', 'telefone', 'nvoa lmap', 'chandelere'])
  LISTS[`of the typo ${text}`] = { ...newest, sort: 'relevance', search: { text, forgiving: true } };
for (const sort of ['newest', 'name', 'price', '-price', 'rating'] as const) {
  LISTS[`of the search lamp, ${sort}`] = { ...newest, sort, search: { text: 'lamp', forgiving: false } };
  LISTS[`of the search the, ${sort}`] = { ...newest, sort, search: { text: 'the', forgiving: false } };
}
for (const text of [
  'nova',
  'medina',
  'atlas',
  'oud',
  'nova lamp',
  'lam',
  'quartz wood',
  'élégant',
  'wireless',
  'zenith chair',
  'at 1bda atlas',
])
  LISTS[`of the search ${text}, by name`] = { ...newest, sort: 'name', search: { text, forgiving: false } };
LISTS['of the typo lampp by name'] = { ...newest, sort: 'name', search: { text: 'lampp', forgiving: true } };
for (const text of ['pen', 'oud', 'ladder', 'gift lamp', 'cott', 'term1'])
  LISTS[`of the search ${text}, by rating`] = { ...newest, sort: 'rating', search: { text, forgiving: false } };
LISTS['of the search nova of a category by name'] = {
  ...newest,
  sort: 'name',
  category: 'phone',
  search: { text: 'nova', forgiving: false },
};
LISTS['in a narrow price range by rating'] = { ...newest, price: { currency: 'USD', from: 1000, to: 1099 }, sort: 'rating' };
LISTS['of a type by rating'] = { ...newest, type: 'Ladder', sort: 'rating' };
const lamps = { text: 'lamp', forgiving: false };
LISTS['of a search in a category'] = { ...newest, sort: 'relevance', category: 'lighting', search: lamps };
LISTS['of a search of a brand'] = { ...newest, sort: 'relevance', brand: 'Nova', search: lamps };
LISTS['of a search in a price range'] = { ...newest, sort: 'relevance', price: { currency: 'USD', from: 1000, to: 90_000 }, search: lamps };
LISTS['of a search for what is in stock in red'] = {
  ...newest,
  sort: 'relevance',
  inStock: true,
  options: { color: 'red' },
  search: lamps,
};

/** Those that find nothing. */
export const EMPTY = new Set(['of a pair that hardly is', 'in another currency', 'of the search xyzzy']);
