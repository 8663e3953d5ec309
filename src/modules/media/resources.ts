import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Media',
    paths: ['/media', '/uploads', '/private-files', '/storage-notifications'],
    about:
      'Files never pass through JSON. A call such as `POST /v1/products/{id}/images` announces a file and answers with a signed address; the file is sent there. It is then checked, freed of all metadata, made into several sizes, and attached. `GET /v1/media/{id}` tells how it stands.',
  },
];
