import { z } from 'zod';
import { BadSettings, settings, urlOf } from '#kernel/settings-part.ts';

const url = (what: string) =>
  urlOf('https://warehouse.example.com/orders')
    .optional()
    .describe(`where ${what} by a POST of the order, in the dialect \`platform\` ([dialects.md](dialects.md))`);
const key = (name: string) =>
  z.string().min(1).max(500).optional().describe(`the key that is sent to \`${name}\` in \`Authorization\` and \`X-Api-Key\``);

export const platformSettings = settings(
  {
    COMPAT_WAREHOUSE_URL: url('the warehouse is told of a placed order'),
    COMPAT_WAREHOUSE_KEY: key('COMPAT_WAREHOUSE_URL'),
    COMPAT_DELIVERY_URL: url('the delivery service is told of a packed order'),
    COMPAT_DELIVERY_KEY: key('COMPAT_DELIVERY_URL'),
  },
  (given, { defaultCurrency, mode }) => {
    const toldAt = (name: 'WAREHOUSE' | 'DELIVERY') => {
      const [to, secret] = [given[`COMPAT_${name}_URL`], given[`COMPAT_${name}_KEY`]];
      if (!to && secret) throw new BadSettings(`COMPAT_${name}_URL: say where COMPAT_${name}_KEY is sent to`);
      if (to && mode === 'production' && !to.startsWith('https:'))
        throw new BadSettings(`COMPAT_${name}_URL: production sends by https only`);
      return to ? { url: to, key: secret } : undefined;
    };
    return { defaultCurrency, told: { warehouse: toldAt('WAREHOUSE'), delivery: toldAt('DELIVERY') } };
  },
);
