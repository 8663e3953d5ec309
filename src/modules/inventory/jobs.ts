import { seconds } from '#kernel/clock.ts';
import { timer } from '#kernel/events.ts';
import { expireStock } from './end-reservation.ts';

export const expiry = timer('inventory.expire-reservations', seconds(10), expireStock);
