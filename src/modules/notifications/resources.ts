import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Notifications',
    paths: ['/notifications', '/notification-devices'],
    about:
      'What you are told: orders, sales, payouts, decisions. Each notification is in this list, and goes out by email, SMS and push messages as you choose. Quiet hours hold back what is not urgent. Emails that can be turned off have a link for it that needs no sign-in.',
  },
];
