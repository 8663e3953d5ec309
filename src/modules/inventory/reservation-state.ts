import { machine, type StateOf } from '#kernel/machine.ts';

/** What becomes of the units that a key claimed. A key that is released before it claims anything begins `released`. */
export const reservationMachine = machine({
  name: 'reservation',
  table: 'inventory.reservations',
  states: ['taken', 'reserved', 'confirmed', 'released', 'expired'],
  begins: { taken: 'take', reserved: 'reserve', released: 'release of an unknown key' },
  transitions: [
    { from: 'reserved', command: 'confirm', to: 'confirmed', who: 'owner of the key', guard: 'before it expires' },
    { from: ['taken', 'reserved', 'confirmed'], command: 'release', to: 'released', who: 'owner of the key' },
    {
      from: 'reserved',
      command: 'expire',
      to: 'expired',
      who: 'system',
      timer: { due: 'expires_at', name: 'inventory.expire-reservations' },
    },
  ],
});

export type ReservationState = StateOf<typeof reservationMachine>;
