import type { SealedColumn } from '#kernel/reseal.ts';
import { devicePlace } from './device.ts';

/** Addresses and keys of browsers. */
export const sealed: readonly SealedColumn[] = [{ table: 'notifications.devices', column: 'subscription_sealed', place: devicePlace }];
