import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Webhooks',
    paths: ['/webhooks'],
    about:
      'Addresses that Souk sends events to, signed as Standard Webhooks says. What fails is sent again for three days, under the same `webhook-id`. A partner is sent the shipments that go to it, in order for each order. All of it needs `webhooks:manage`.',
  },
  {
    name: 'Events',
    paths: ['/events'],
    about:
      'What happened, for those who ask instead of being sent it: every event of all modules, oldest first. Events hold ids and figures, never personal data. Reading them needs `webhooks:manage`.',
  },
];
