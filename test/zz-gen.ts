import { loadCatalog } from './catalog-100k.ts';

console.log(await loadCatalog('postgres://postgres@localhost:55415/souk', Number(process.argv[2] ?? 100000)));
