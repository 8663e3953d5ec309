import type { QueuedWork, Work } from './port.ts';

/** Of the rows of a message, those that name an id. */
export const ofId = (rows: readonly Work[], id: string): Pick<QueuedWork, 'kind' | 'names'> => {
  const about = rows.filter((row) => JSON.stringify(row).includes(id));
  return { kind: about[0]?.kind ?? 'job', names: [...new Set(about.map(({ name }) => name))] };
};
