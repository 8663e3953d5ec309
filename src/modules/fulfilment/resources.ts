import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Fulfilment',
    paths: [
      '/shipments',
      '/orders/{id}/packed',
      '/orders/{id}/shipped',
      '/orders/{id}/delivered',
      '/orders/{id}/cancel',
      '/orders/{id}/returns',
      '/orders/{id}/refunds',
    ],
    about: `The way of an order to the door, and back.

An order has a shipment for each of its sellers. Partners drive it with their API keys: the warehouse packs, the carrier ships and delivers; a
seller drives the own shipment where no partner has it. A partner sees what is sent to it, and nothing else. The state of the order follows
from its shipments: it is that of the open shipment that is least far. Every call may be repeated: it answers as before and causes nothing twice.`,
  },
];
