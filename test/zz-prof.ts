import pg from 'pg';

const q = pg.Client.prototype.query as any;
(pg.Client.prototype as any).query = async function (...a: any[]) {
  const t = performance.now();
  try {
    return await q.apply(this, a);
  } finally {
    const ms = performance.now() - t;
    if (ms > 30) console.log(Math.round(ms), String(a[0]).trim().slice(0, 90).replaceAll('\n', ' '));
  }
};
const { loadCatalog } = await import('./catalog-100k.ts');
console.log(await loadCatalog('postgres://postgres@localhost:55415/souk', Number(process.argv[2] ?? 20000)));
