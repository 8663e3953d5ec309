import { backInStock, priceChanged } from '#catalog';
import { on } from '#kernel/events.ts';
import { hearBackInStock, hearPriceChanged } from './hear-catalog.ts';

export const subscriptions = [on(backInStock, hearBackInStock), on(priceChanged, hearPriceChanged)];
