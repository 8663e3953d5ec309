import type { Fixtures } from '#kernel/fixtures.ts';

const usd = (amount: number) => ({ amount, currency: 'USD' });

const OF_THE_SHOP = [
  {
    name: 'Lamp',
    category: 'electronics',
    type: 'lighting',
    brand: 'Luma',
    description: 'A desk lamp that is kind to your eyes.',
    translations: {
      fr: { name: 'Lampe', description: 'Une lampe de bureau douce pour les yeux.' },
      ar: { name: 'مصباح', description: 'مصباح مكتب مريح للعين.' },
    },
    price: usd(20_00),
    stock: 50,
  },
  {
    name: 'Coffee beans',
    category: 'food',
    type: 'coffee',
    brand: 'Sidi',
    description: 'One kilo, roasted on Monday.',
    translations: {
      fr: { name: 'Café en grains', description: 'Un kilo, torréfié lundi.' },
      ar: { name: 'حبوب القهوة', description: 'كيلوغرام واحد، محمص يوم الاثنين.' },
    },
    price: usd(18_50),
    stock: 200,
  },
  {
    name: 'Olive oil',
    category: 'food',
    type: 'oil',
    brand: 'Sfax',
    description: 'Cold pressed, from Tunisia.',
    translations: {
      fr: { name: "Huile d'olive", description: 'Pressée à froid, de Tunisie.' },
      ar: { name: 'زيت الزيتون', description: 'معصور على البارد، من تونس.' },
    },
    price: { amount: 32_500, currency: 'TND' },
    stock: 120,
  },
  {
    name: 'Phone',
    category: 'phone',
    type: 'smartphone',
    brand: 'Nour',
    description: 'Six inches, two days of battery.',
    translations: {
      fr: { name: 'Téléphone', description: 'Six pouces, deux jours de batterie.' },
      ar: { name: 'هاتف', description: 'ست بوصات، وبطارية تدوم يومين.' },
    },
    variants: [
      { sku: 'NOUR-64-BLACK', options: { color: 'black', storage: '64 GB' }, price: usd(299_00), stock: 12 },
      { sku: 'NOUR-128-BLUE', options: { color: 'blue', storage: '128 GB' }, price: usd(349_00), stock: 7 },
    ],
  },
];

/** What comes in colours and sizes of storage, for clients that choose by them. */
const variants = (sku: string, prices: Readonly<Record<string, number>>, colors: readonly string[]) =>
  Object.entries(prices).flatMap(([storage, amount]) =>
    colors.map((color) => ({
      sku: `${sku}-${storage.replace(' ', '')}-${color}`.toUpperCase(),
      options: { color, storage },
      price: usd(amount),
      stock: 10,
    })),
  );

const DEVICES = [
  {
    ...{ name: 'Nova One', category: 'phone', type: 'smartphone', brand: 'Nova' },
    description: 'A bright screen and three cameras.',
    variants: variants('NOVA1', { '128 GB': 499_00, '256 GB': 579_00 }, ['black', 'white', 'red']),
  },
  {
    ...{ name: 'Nour Mini', category: 'phone', type: 'feature phone', brand: 'Nour' },
    description: 'Keys, a torch, and a week of battery.',
    variants: variants('NOUR-MINI', { '4 GB': 39_00 }, ['black', 'yellow']),
  },
  {
    ...{ name: 'Atlas 14', category: 'computer', type: 'laptop', brand: 'Atlas' },
    description: 'Fourteen inches, 1.2 kg.',
    variants: variants('ATLAS14', { '256 GB': 899_00, '512 GB': 1049_00 }, ['silver', 'grey']),
  },
  {
    ...{ name: 'Atlas Tower', category: 'computer', type: 'desktop', brand: 'Atlas' },
    description: 'Quiet, with room for more.',
    variants: variants('ATLAS-TOWER', { '1 TB': 1199_00 }, ['black']),
  },
  {
    ...{ name: 'Nova Buds', category: 'accessories', type: 'headphones', brand: 'Nova' },
    description: 'Small, and silent around you.',
    variants: ['black', 'white'].map((color) => ({ options: { color }, price: usd(79_00), stock: 25 })),
  },
];

const OF_SUE = [
  {
    name: 'Silver earrings',
    category: 'accessories',
    type: 'jewellery',
    brand: 'Sue',
    description: 'Made by hand in Djerba.',
    translations: {
      fr: { name: "Boucles d'oreilles en argent", description: 'Faites à la main à Djerba.' },
      ar: { name: 'أقراط فضية', description: 'مصنوعة يدويا في جربة.' },
    },
    price: usd(45_00),
    stock: 9,
  },
  {
    name: 'Linen shirt',
    category: 'clothes',
    type: 'shirt',
    brand: 'Sue',
    description: 'Washed linen.',
    translations: { fr: { name: 'Chemise en lin', description: 'Lin lavé.' }, ar: { name: 'قميص كتان' } },
    variants: ['S', 'M', 'L'].map((size) => ({ options: { size }, price: usd(39_00), stock: 15 })),
  },
];

/** The shop lists its own products; Sue lists hers, and staff approve them. */
export const fixtures: Fixtures = async (demo) => {
  const [admin, sue] = [await demo.as('admin'), await demo.as('sue')];
  for (const product of OF_THE_SHOP) await admin('/v1/products', product);
  await Promise.all(DEVICES.map((product) => admin('/v1/products', product))); // together: they take no longer than one
  for (const product of OF_SUE) {
    const { id, state } = await sue('/v1/products', product); // as it is now, where an earlier run was cut off
    if (state === 'draft') await sue(`/v1/products/${id}/submit`, {});
    if (state !== 'approved') await admin(`/v1/products/${id}/approve`, {});
  }
};
