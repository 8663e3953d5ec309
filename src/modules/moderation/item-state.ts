import { machine, type StateOf } from '#kernel/machine.ts';
import type { decisions } from '#moderation';

export type Decision = (typeof decisions)[number];

/** A subject that is queued again after its decision gets a new item. To flag is to hide for now: that is for the owning module. */
export const itemMachine = machine({
  name: 'item',
  table: 'moderation.items',
  states: ['open', 'decided'],
  begins: { open: 'owning module' },
  transitions: [
    { from: 'open', command: 'approve', to: 'decided', who: ['moderator', 'owning module'] },
    { from: 'open', command: 'remove', to: 'decided', who: ['moderator', 'owning module'], guard: 'by a moderator: a reason' },
    { from: 'open', command: 'flag', to: 'decided', who: 'owning module' },
  ],
});

export type ItemState = StateOf<typeof itemMachine>;
