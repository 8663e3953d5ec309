import { z } from 'zod';
import { BadSettings, settings } from '#kernel/settings-part.ts';

/** Where files are stored: a folder on disk, or a bucket. */
export const storageSettings = settings(
  {
    MEDIA_FOLDER: z
      .string()
      .min(1)
      .optional()
      .describe('folder of the files that people upload; without it `media` in `SOUK_DATA`. Processes that run the module media share it'),
    S3_BUCKET: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
      .optional()
      .describe('a bucket for these files; the folder is then not used: [media.md](media.md#s3)'),
    S3_REGION: z.string().min(1).default('us-east-1').describe('its region'),
    S3_ENDPOINT: z
      .url({ protocol: /^https?$/, error: 'must be an address such as https://minio.example.com' })
      .optional()
      .describe('address of a store that is not Amazon S3 and speaks as it does. Clients that upload must reach it'),
    S3_ACCESS_KEY_ID: z.string().min(1).optional().describe('who signs; without it the AWS SDK looks for a role or a profile'),
    S3_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('its secret'),
  },
  (given, { publicUrl, mode }) => {
    const { MEDIA_FOLDER: folder, S3_BUCKET: bucket, S3_REGION: region, S3_ENDPOINT: endpoint } = given;
    const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = given;
    if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
      throw new BadSettings('S3_ACCESS_KEY_ID: S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are set together');
    if (mode === 'production' && endpoint?.startsWith('http:')) throw new BadSettings('S3_ENDPOINT: production speaks https only');
    const keys = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
    return { folder, url: `${publicUrl}/v1`, s3: bucket ? { bucket, region, endpoint, keys } : undefined };
  },
);
