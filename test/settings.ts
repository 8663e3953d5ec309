import { randomBytes } from 'node:crypto';
import type { Module } from '../src/kernel/module.ts';
import type { Settings } from '../src/kernel/settings.ts';
import { readSoukSettings } from '../src/souk.ts';

const SECRET_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** Settings of a test: no limits, checked replies, quiet logs. */
export const testSettings = (env: Record<string, string> = {}, modules?: readonly Module[]): Settings =>
  readSoukSettings(
    {
      NODE_ENV: 'test',
      SECRET_KEYS,
      RATE_LIMITS: 'off',
      LOG_LEVEL: 'silent',
      ...(env.NODE_ENV ? {} : { PASSWORD_MEMORY_KIB: '64' }), // a person costs 2 ms of CPU, not 40
      DATABASE_CONNECTIONS: '10',
      DATABASE_WAITING: '1000',
      SOUK_DATA: `/tmp/souk-unused-${randomBytes(4).toString('hex')}`,
      ...env,
    },
    modules,
  );
