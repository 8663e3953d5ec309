const input = process.env.SOUK_DOCUMENT ?? '../../docs/openapi.json';

/** Two outputs: a client over fetch, and schemas in zod for what it answers. */
export default {
  souk: {
    input,
    output: {
      target: './generated/orval/souk.ts',
      client: 'fetch',
      override: { mutator: { path: './orval-fetch.ts', name: 'soukFetch' } },
    },
  },
  zod: { input, output: { target: './generated/orval/souk.zod.ts', client: 'zod' } },
};
