import type { S3Client } from '@aws-sdk/client-s3';
import type { Storage } from './port.ts';
import { soukReads } from './reads.ts';
import { type Bucket, type SoukStore, signUpload } from './signing.ts';

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  /** Of a store that is not Amazon's; undefined for Amazon S3. */
  readonly endpoint: string | undefined;
  /** Without them, those that the SDK finds: the role of the machine, a profile. */
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

const FOR_EVER = 'public, max-age=31536000, immutable';

/** A bucket of Amazon S3, or of a store that speaks as it does. Uploads go there, past Souk. The SDK is loaded at the first call. */
export function s3Storage({ bucket, region, endpoint, keys }: S3Settings, souk: SoukStore): Storage {
  let opening: Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: S3Client }> | undefined;
  const open = () => {
    opening ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client({
        region,
        ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
        ...(keys ? { credentials: keys } : {}),
        // Stores that are not Amazon's do not all know its newer checksums.
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
      }),
    }));
    return opening;
  };
  const bucketOf = async (): Promise<Bucket> => {
    const { client } = await open();
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    const url = endpoint ? `${endpoint.replace(/\/$/, '')}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
    return { url, formUrl: url, name: bucket, region, accessKeyId, secretAccessKey, sessionToken };
  };

  return {
    signUpload: async (wish) => signUpload(await bucketOf(), wish),
    async write(key, bytes, contentType, isPrivate = false) {
      const { sdk, client } = await open();
      const object = { Bucket: bucket, Key: key, Body: bytes, ContentType: contentType, ContentLength: bytes.length };
      await client.send(new sdk.PutObjectCommand({ ...object, CacheControl: isPrivate ? 'no-store' : FOR_EVER }));
    },
    async look(key) {
      const { sdk, client } = await open();
      const found = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key })).catch((error: { name: string }) => {
        if (error.name !== 'NotFound' && error.name !== 'NoSuchKey') throw error;
        return undefined;
      });
      return found && { key, sizeBytes: found.ContentLength ?? 0, storedAt: found.LastModified ?? new Date(0) };
    },
    async read(key, range) {
      const { sdk, client } = await open();
      const part = range ? { Range: `bytes=${range.first}-${range.last}` } : {};
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...part }));
      return Body as unknown as AsyncIterable<Uint8Array>;
    },
    async remove(keysToRemove) {
      const { sdk, client } = await open();
      for (let at = 0; at < keysToRemove.length; at += 1000) {
        const Objects = keysToRemove.slice(at, at + 1000).map((Key) => ({ Key }));
        const { Errors = [] } = await client.send(new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
        const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey');
        if (failed) throw new Error(`The object ${failed.Key} was not removed: ${failed.Code}.`);
      }
    },
    async list(prefix, after) {
      const { sdk, client } = await open();
      const asked = { Bucket: bucket, Prefix: prefix, MaxKeys: 1000, ...(after ? { StartAfter: after } : {}) };
      const { Contents = [] } = await client.send(new sdk.ListObjectsV2Command(asked));
      return Contents.map(({ Key = '', Size = 0, LastModified = new Date(0) }) => ({ key: Key, sizeBytes: Size, storedAt: LastModified }));
    },
    tidy: async () => {},
    reads: soukReads(souk),
    door: undefined,
  };
}
