import { type S3Server, startS3 } from '../infra/local/versitygw.ts';
import { closeAtEnd } from './closing.ts';
import { type World, world } from './world.ts';

/** A world whose files are in a real S3 server, which stops when the test file ends. */
export async function worldOnS3(
  more: Pick<NonNullable<Parameters<typeof world>[0]>, 'modules'> = {},
): Promise<[World, S3Server['settings']]> {
  const s3 = await startS3();
  closeAtEnd(() => s3.stop());
  const { bucket, region, endpoint, keys } = s3.settings;
  const env = {
    S3_BUCKET: bucket,
    S3_REGION: region,
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY_ID: keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  return [await world({ ...more, env }), s3.settings];
}
