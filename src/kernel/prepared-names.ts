import { createHash } from 'node:crypto';

/** Texts that are prepared by name, for the life of each connection. Souk sends about 300. Texts beyond this number are sent unnamed. */
const PREPARED_TEXTS = 1000;

export interface PreparedNames {
  /** The name under which a text is prepared; undefined where it is sent unnamed. */
  of(text: string): string | undefined;
  /** A newer process has migrated: the text is prepared again on every connection, under another name. */
  renew(query: { name?: string; text: string }): void;
}

/** Names for the texts of a pool; none where nothing is to be prepared. */
export function preparedNames(areUsed: boolean): PreparedNames {
  const names = new Map<string, string>();
  let changes = 0;
  return {
    of(text) {
      const known = names.get(text);
      if (known || !areUsed || names.size >= PREPARED_TEXTS) return known;
      const name = `s${changes}${createHash('md5').update(text).digest('base64url')}`;
      names.set(text, name);
      return name;
    },
    renew({ name, text }) {
      if (names.get(text) !== name) return; // another connection came first
      names.delete(text);
      changes++;
    },
  };
}
