import { machine, type StateOf } from '#kernel/machine.ts';

const PACKS = ['partner', 'seller', 'staff'] as const;
const SENDS = [...PACKS, 'system'] as const;
const REPEATED = 'a repeated call: nothing happens';

export const shipmentMachine = machine({
  name: 'shipment',
  table: 'fulfilment.shipments',
  states: ['placed', 'packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded'],
  begins: { placed: 'the order is placed' },
  transitions: [
    { from: 'placed', command: 'pack', to: 'packed', who: SENDS },
    { from: 'packed', command: 'pack', to: 'packed', who: SENDS, guard: REPEATED },
    { from: 'packed', command: 'ship', to: 'shipped', who: SENDS },
    { from: 'shipped', command: 'ship', to: 'shipped', who: SENDS, guard: REPEATED },
    {
      from: ['packed', 'shipped'],
      command: 'deliver',
      to: 'delivered',
      who: PACKS,
      guard: 'what is packed counts as shipped',
      money: '`undelivered` to `payable`; cash on delivery: `external:cash` to `payable`, fees',
    },
    { from: 'delivered', command: 'deliver', to: 'delivered', who: PACKS, guard: REPEATED },
    {
      from: 'delivered',
      command: 'complete',
      to: 'completed',
      who: 'system',
      timer: { due: 'complete_at', name: 'fulfilment.complete' },
    },
    {
      from: 'placed',
      command: 'cancel',
      to: 'cancelled',
      who: ['buyer', 'staff'],
      guard: 'every open shipment of the order is placed, or this one alone is named',
      money: 'back to the buyer, fees too',
    },
    { from: 'cancelled', command: 'cancel', to: 'cancelled', who: ['buyer', 'staff'], guard: REPEATED },
    {
      from: ['delivered', 'completed'],
      command: 'return',
      to: 'returned',
      who: ['seller', 'staff'],
      guard: 'the return of the last units is accepted, and all units came back so',
      money: 'back to the buyer, fees too',
    },
    {
      from: ['placed', 'packed', 'shipped', 'delivered', 'completed'],
      command: 'refund',
      to: 'refunded',
      who: 'staff',
      guard: 'the last units are refunded',
      money: 'back to the buyer, fees too',
    },
  ],
});

export type ShipmentState = StateOf<typeof shipmentMachine>;
export type ShipmentCommand = 'pack' | 'ship' | 'deliver' | 'complete' | 'cancel' | 'return' | 'refund';

/** Whether something can still happen on the way to the buyer, or has arrived there; the others ended without a sale. */
export const isOpen = (state: ShipmentState): boolean => !['cancelled', 'returned', 'refunded'].includes(state);
