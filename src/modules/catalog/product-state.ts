import { productStates } from '#catalog';
import { machine, type StateOf } from '#kernel/machine.ts';

/** Pending changes of an approved or paused product are approved or rejected too, and leave it in its state. */
export const productMachine = machine({
  name: 'product',
  table: 'catalog.products',
  states: productStates,
  begins: { draft: 'seller', approved: 'staff, for the shop' },
  transitions: [
    { from: ['draft', 'rejected'], command: 'submit', to: 'submitted', who: 'seller' },
    { from: 'submitted', command: 'approve', to: 'approved', who: 'reviewer' },
    { from: 'submitted', command: 'reject', to: 'rejected', who: 'reviewer', guard: 'a reason' },
    { from: 'submitted', command: 'withhold', to: 'paused', who: 'system', guard: 'approved while its seller is suspended' },
    { from: 'approved', command: 'pause', to: 'paused', who: 'system', guard: 'its seller is suspended' },
    { from: 'paused', command: 'resume', to: 'approved', who: 'system', guard: 'its seller is reinstated' },
    { from: ['draft', 'submitted', 'approved', 'paused', 'rejected'], command: 'archive', to: 'archived', who: ['seller', 'system'] },
  ],
});

export type ProductState = StateOf<typeof productMachine>;
export type ProductCommand = Parameters<typeof productMachine.after>[1];
