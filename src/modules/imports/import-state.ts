import { machine, type StateOf } from '#kernel/machine.ts';

export const importMachine = machine({
  name: 'import',
  table: 'imports.imports',
  states: ['receiving', 'running', 'done', 'failed'],
  begins: { receiving: 'staff' },
  transitions: [
    { from: 'receiving', command: 'begin', to: 'running', who: 'system', guard: 'all of the file has arrived, and it is CSV' },
    { from: 'receiving', command: 'break-off', to: 'failed', who: 'system', guard: 'the file broke off, or it is no CSV' },
    { from: 'running', command: 'finish', to: 'done', who: 'system', guard: 'each row was saved or refused' },
    { from: ['done', 'failed'], command: 'forget', to: null, who: 'system', guard: 'after 30 days' },
  ],
});

export type ImportState = StateOf<typeof importMachine>;
