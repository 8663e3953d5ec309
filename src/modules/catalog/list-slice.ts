/** What a list is narrowed by, and which of its rows are asked for. */

export type Sort = 'newest' | 'name' | 'price' | '-price' | 'rating';

/** What a list is narrowed by. */
export interface Narrowing {
  category?: string;
  type?: string;
  brand?: string;
  /** Username or id. */
  seller?: string;
  inStock?: boolean;
  options: Readonly<Record<string, string>>;
  price?: { currency: string; from: number; to: number };
}

/** Words that rows must have: in their name, anywhere, or anywhere but not all of them in the name. */
export interface Words {
  named?: string;
  anywhere?: string;
  notNamed?: string;
  /** Anywhere, but the name begins with none of them. */
  within?: string;
}

export interface Slice extends Narrowing {
  sort: Sort;
  limit: number;
  words?: Words;
  /** What names begin with. */
  begins?: string;
  /** That of the category in the tree, 1 at the top. */
  level?: number;
  /** The sort values of the last row of the page before. */
  after?: readonly string[];
}
