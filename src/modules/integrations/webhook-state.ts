import { machine } from '#kernel/machine.ts';

export const webhookMachine = machine({
  name: 'webhook',
  table: 'integrations.webhooks',
  states: ['active', 'paused', 'disabled', 'deleted'],
  begins: { active: 'staff, or a setting' },
  transitions: [
    { from: 'active', command: 'pause', to: 'paused', who: 'staff' },
    { from: 'active', command: 'give-up', to: 'paused', who: 'system', guard: 'nothing arrived for three days' },
    { from: 'active', command: 'disable', to: 'disabled', who: 'system', guard: 'it answered 410 Gone' },
    { from: ['paused', 'disabled'], command: 'resume', to: 'active', who: 'staff' },
    { from: ['active', 'paused', 'disabled'], command: 'delete', to: 'deleted', who: 'staff', guard: 'not made by a setting' },
    { from: 'deleted', command: 'set-again', to: 'active', who: 'system', guard: 'its setting is back' },
    { from: 'deleted', command: 'forget', to: null, who: 'system', guard: 'its deliveries are gone' },
  ],
});
