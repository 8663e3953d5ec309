import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

export interface ErrorSettings {
  readonly dsn: string;
  readonly environment: string;
}

/** Undefined if errors are in the log only. */
export const errorSettings = settings(
  {
    SENTRY_DSN: z
      .url({ protocol: /^https?$/, error: 'must be the DSN of a Sentry project: https://key@host/1' })
      .regex(/^https?:\/\/\w+(:\w+)?@[^/]+\/(.+\/)?\d+$/, 'must be the DSN of a Sentry project: https://key@host/1')
      .optional()
      .describe('a Sentry project that unexpected errors are sent to: `https://key@host/1`; [Observing](observing.md#errors)'),
    SENTRY_ENVIRONMENT: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('name of the environment in reports to Sentry; without it `NODE_ENV`'),
  },
  (given, { mode }): ErrorSettings | undefined =>
    given.SENTRY_DSN ? { dsn: given.SENTRY_DSN, environment: given.SENTRY_ENVIRONMENT ?? mode } : undefined,
);
