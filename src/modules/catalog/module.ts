import { catalog } from '#catalog';
import { minutes } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { briefProducts, listings, shownProducts } from './brief-products.ts';
import { allCategories } from './category.ts';
import { cleanUp, stayWithoutImage } from './clean-up.ts';
import { timers } from './compare-copies.ts';
import { type Catalog, needs } from './context.ts';
import { exportProducts } from './export-products.ts';
import { fetchImages } from './fetch-images.ts';
import { fixtures } from './fixtures.ts';
import { closeStockJob, pauseProductsJob, relistCategoryJob, tellMediaJob } from './jobs.ts';
import { newestProducts } from './list-products.ts';
import { listNamedProducts } from './named-products.ts';
import { announceCategory, offerProduct } from './offer-product.ts';
import { pauseProducts, standing } from './pause-products.ts';
import { priceLines } from './price-lines.ts';
import { productMachine } from './product-state.ts';
import { rateProduct } from './rate-product.ts';
import { productByName, productsById } from './read-product.ts';
import { relistCategory } from './relist-category.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { saveProducts } from './save-products.ts';
import { catalogSettings } from './settings.ts';
import { closeStock } from './stock.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';
import { tellMedia } from './take-images.ts';

export const catalogModule = module<typeof catalog, Catalog>({
  contract: catalog,
  needs,
  routes,
  resources,
  operations: {
    price: priceLines,
    newest: newestProducts,
    products: productsById,
    categories: (ctx, which) => allCategories(ctx, which),
    offer: offerProduct,
    announceCategory,
    productByName,
    productsByName: listNamedProducts,
    brief: briefProducts,
    shown: shownProducts,
    listings,
    saveProducts,
    exportProducts,
    fetchImages,
    stayWithoutImage,
    rate: rateProduct,
  },
  jobs: [
    runs(pauseProductsJob, pauseProducts),
    runs(closeStockJob, closeStock),
    runs(relistCategoryJob, relistCategory),
    runs(tellMediaJob, tellMedia),
  ],
  timers: [...timers, timer('catalog.clean-up', minutes(2), cleanUp)],
  subscriptions,
  settings: catalogSettings,
  permissions: {
    'catalog:write': { does: "changes the shop's and other sellers' products", roles: ['catalog-manager'] },
    'catalog:approve': { does: 'approves and rejects products', roles: ['catalog-manager'] },
    'inventory:write': { does: 'changes the stock of any product', roles: ['catalog-manager'] },
  },
  life,
  standing,
  tables,
  machines: [productMachine],
  fixtures,
  migrations: new URL('./migrations/', import.meta.url),
});
