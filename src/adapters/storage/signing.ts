import { createHmac } from 'node:crypto';
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { createScope, getSigningKey, SignatureV4 } from '@smithy/signature-v4';
import type { ReadWish, SignedUpload, UploadWish } from './port.ts';

/** Where Souk itself answers as a store does. */
export interface SoukStore {
  /** What keys follow, without a slash at its end. */
  readonly url: string;
  /** What signs: asked for when it is first needed. */
  readonly secret: () => string;
}

export const bucketOfSouk = ({ url, secret }: SoukStore): Bucket => ({
  url,
  formUrl: `${url}/uploads`,
  name: 'souk',
  region: 'souk',
  accessKeyId: 'souk',
  secretAccessKey: secret(),
});

/** A bucket, and who may sign for it. */
export interface Bucket {
  /** The address of the bucket, without a slash at its end: a key follows it. */
  readonly url: string;
  /** Where forms are sent to. */
  readonly formUrl: string;
  readonly name: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that a role has for a while. */
  readonly sessionToken?: string | undefined;
}

const credentialsOf = ({ accessKeyId, secretAccessKey, sessionToken }: Bucket) => ({
  accessKeyId,
  secretAccessKey,
  ...(sessionToken ? { sessionToken } : {}),
});

const sha256 = Hash.bind(null, 'sha256');
const SIGNED = new Set(['content-length', 'content-type', 'host']);

/** `20261127T140000Z` */
export const amzDate = (at: Date): string => at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');

interface Presigned {
  method: 'PUT' | 'GET';
  key: string;
  headers: Readonly<Record<string, string>>;
  at: Date;
  expiresInSeconds: number;
}

/** A request signed in its query as AWS Signature Version 4 says. `headers` are signed too. @returns its query */
export async function presign(bucket: Bucket, { method, key, headers, at, expiresInSeconds }: Presigned): Promise<Record<string, string>> {
  const { protocol, hostname, port, host, pathname } = new URL(`${bucket.url}/${key}`);
  const signer = new SignatureV4({
    credentials: credentialsOf(bucket),
    region: bucket.region,
    service: 's3',
    sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const request = new HttpRequest({
    method,
    protocol,
    hostname,
    ...(port ? { port: Number(port) } : {}),
    path: pathname,
    headers: { ...headers, host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  });
  const signed = await signer.presign(request, { signingDate: at, expiresIn: expiresInSeconds, signableHeaders: SIGNED });
  return signed.query as Record<string, string>;
}

const queryOf = (query: Record<string, string>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');

/** The address of a GET of this object. */
export async function signGet(bucket: Bucket, { key, now: at, expiresInSeconds }: ReadWish): Promise<string> {
  const query = await presign(bucket, { method: 'GET', key, headers: {}, at, expiresInSeconds });
  return `${bucket.url}/${key}?${queryOf(query)}`;
}

/** A PUT and a POST form that store the same. */
export async function signUpload(bucket: Bucket, wish: UploadWish): Promise<SignedUpload> {
  const { key, contentType, sizeBytes, isOpen, now: at, expiresInSeconds } = wish;
  const headers: Record<string, string> = isOpen ? {} : { 'content-type': contentType, 'content-length': String(sizeBytes) };
  const query = await presign(bucket, { method: 'PUT', key, headers, at, expiresInSeconds });
  return {
    upload: { method: 'PUT', url: `${bucket.url}/${key}?${queryOf(query)}`, headers: { 'Content-Type': contentType } },
    form: { url: bucket.formUrl, fields: await formOf(bucket, wish) },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */
async function formOf(
  bucket: Bucket,
  { key, contentType, sizeBytes, isOpen, now, expiresInSeconds }: UploadWish,
): Promise<Record<string, string>> {
  const date = amzDate(now);
  const fields = {
    key,
    'Content-Type': contentType,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${bucket.accessKeyId}/${createScope(date.slice(0, 8), bucket.region, 's3')}`,
    'X-Amz-Date': date,
    ...(bucket.sessionToken ? { 'X-Amz-Security-Token': bucket.sessionToken } : {}),
  };
  const policy = Buffer.from(
    JSON.stringify({
      expiration: new Date(now.getTime() + expiresInSeconds * 1000).toISOString(),
      conditions: [
        { bucket: bucket.name },
        ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
        ['content-length-range', isOpen ? 1 : sizeBytes, sizeBytes],
      ],
    }),
  ).toString('base64');
  return { ...fields, Policy: policy, 'X-Amz-Signature': await signPolicy(bucket, date, policy) };
}

/** The signature of a policy, in hexadecimal. */
export async function signPolicy(bucket: Bucket, date: string, policy: string): Promise<string> {
  const key = await getSigningKey(sha256, credentialsOf(bucket), date.slice(0, 8), bucket.region, 's3');
  return createHmac('sha256', key).update(policy).digest('hex');
}
