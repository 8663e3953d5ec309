import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Imports and exports',
    paths: ['/imports', '/exports'],
    about: `Products as CSV files, for staff with \`catalog:write\`.

A row is a variant; rows with one \`id\` are one product. The id is yours to choose: the same id in another file is the same product. A file is taken as a
whole, then its products are saved some at a time; the import says how far it is, and why rows were refused. Importing a file again changes nothing.`,
  },
];
