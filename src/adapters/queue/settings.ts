import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

/** The broker that work and events go through; undefined where they stay in the database. */
export const queueSettings = settings(
  {
    BUS_URL: z
      .url({ protocol: /^amqps?$/, error: 'must be amqp://user:password@host:5672 or amqps://…:5671' })
      .optional()
      .describe(
        'a RabbitMQ 3.10 or later that work and events go through: `amqp://user:password@host:5672`; without it they stay in the database. The same in every process',
      ),
  },
  ({ BUS_URL: url }) => url,
);
