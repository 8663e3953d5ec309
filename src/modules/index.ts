import type { Module } from '#kernel/module.ts';
import { bannersModule } from './banners/module.ts';
import { catalogModule } from './catalog/module.ts';
import { customersModule } from './customers/module.ts';
import { favoritesModule } from './favorites/module.ts';
import { fulfilmentModule } from './fulfilment/module.ts';
import { identityModule } from './identity/module.ts';
import { importsModule } from './imports/module.ts';
import { integrationsModule } from './integrations/module.ts';
import { inventoryModule } from './inventory/module.ts';
import { mediaModule } from './media/module.ts';
import { moderationModule } from './moderation/module.ts';
import { notificationsModule } from './notifications/module.ts';
import { ordersModule } from './orders/module.ts';
import { partnersModule } from './partners/module.ts';
import { profilesModule } from './profiles/module.ts';
import { reviewsModule } from './reviews/module.ts';
import { socialModule } from './social/module.ts';
import { walletModule } from './wallet/module.ts';

/** All modules, lowest first: a module may ask, and hear events of, only those before it. */
export const modules: readonly Module[] = [
  identityModule,
  socialModule,
  partnersModule,
  moderationModule,
  mediaModule,
  profilesModule,
  walletModule,
  inventoryModule,
  bannersModule,
  catalogModule,
  ordersModule,
  fulfilmentModule,
  reviewsModule,
  customersModule,
  importsModule,
  notificationsModule,
  favoritesModule,
  integrationsModule,
];
