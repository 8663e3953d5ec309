import { createHash, timingSafeEqual } from 'node:crypto';
import { type AllowedUpload, type ArrivingRequest, RefusedUpload } from './port.ts';
import { amzDate, type Bucket, presign, signPolicy } from './signing.ts';

/** S3 takes requests from clocks that are so far ahead. */
const CLOCK_SKEW_MS = 15 * 60_000;

/** CloudFront adds it to all that it passes on. */
const OF_CLOUDFRONT = 'x-amz-cf-id';

const mismatch = (method: 'PUT' | 'GET' = 'PUT') =>
  new RefusedUpload(
    'SignatureDoesNotMatch',
    `The signature does not fit the method${method === 'GET' ? ' or the address' : ', the address, the type or the size'}.`,
  );
const expired = () => new RefusedUpload('AccessDenied', 'The signature has expired: ask for a new one.');

interface Judged {
  readonly key: string;
  /** Those that were signed beside the host, as they came. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Judges a request that is signed in its query. It is signed once more with what has really arrived, and both signatures are compared in a
 * time that does not depend on where they differ. `signed` are the headers that it must have, beside the host. @throws RefusedUpload
 */
async function judge(
  bucket: Bucket,
  { url, header, headerNames }: ArrivingRequest,
  { method, signed, now }: { method: 'PUT' | 'GET'; signed: readonly string[]; now: Date },
): Promise<Judged> {
  if (headerNames().some((name) => name.startsWith('x-amz-') && name !== OF_CLOUDFRONT))
    throw new RefusedUpload('AccessDenied', 'There are headers that begin with x-amz- and were not signed.');
  const { pathname, searchParams } = new URL(url);
  const query = Object.fromEntries(searchParams);
  const base = `${new URL(bucket.url).pathname}/`;
  const headers: Record<string, string> = {};
  for (const name of signed) headers[name] = header(name) ?? '';
  const at = dateOf(query['X-Amz-Date']);
  const expiresInSeconds = Number(query['X-Amz-Expires']);
  const isWhole = pathname.startsWith(base) && signed.every((name) => header(name) !== undefined);
  if (!isWhole || !at || !Number.isInteger(expiresInSeconds)) throw mismatch(method);
  const key = pathname.slice(base.length);
  const ours = await presign(bucket, { method, key, headers, at, expiresInSeconds }).catch(() => {
    throw mismatch(method);
  });
  const isSame =
    Object.keys(ours).length === searchParams.size && Object.entries(ours).every(([name, value]) => isSameText(query[name] ?? '', value));
  if (!isSame) throw mismatch(method);
  if (now.getTime() > at.getTime() + expiresInSeconds * 1000 || at.getTime() > now.getTime() + CLOCK_SKEW_MS) throw expired();
  return { key, headers };
}

/** What a signed PUT allows. @throws RefusedUpload */
export async function judgePut(bucket: Bucket, request: ArrivingRequest, now: Date): Promise<AllowedUpload> {
  const isOpen = new URL(request.url).searchParams.get('X-Amz-SignedHeaders') === 'host'; // it is signed too, so nobody makes an upload open that is not
  const { key, headers } = await judge(bucket, request, { method: 'PUT', signed: isOpen ? [] : ['content-type', 'content-length'], now });
  if (!request.header('content-length')) throw new RefusedUpload('AccessDenied', 'The header Content-Length is missing.');
  const contentType = isOpen ? (request.header('content-type') ?? '') : headers['content-type']!;
  return { key, contentType, sizeBytes: isOpen ? Number.POSITIVE_INFINITY : Number(headers['content-length']), isOpen };
}

/** The key of the object that a signed GET may read. @throws RefusedUpload */
export const judgeGet = async (bucket: Bucket, request: ArrivingRequest, now: Date): Promise<string> =>
  (await judge(bucket, request, { method: 'GET', signed: [], now })).key;

interface Policy {
  expiration: string;
  conditions: (Record<string, string> | [string, number, number])[];
}

/** What the fields of a form allow. Each must be in the policy as it is, and the policy must be ours. @throws RefusedUpload */
export async function judgeForm(bucket: Bucket, fields: ReadonlyMap<string, string>, now: Date): Promise<AllowedUpload> {
  const field = (name: string) => fields.get(name.toLowerCase()) ?? '';
  const encoded = field('policy');
  const date = field('x-amz-date');
  if (!dateOf(date) || !isSameText(field('x-amz-signature'), await signPolicy(bucket, date, encoded))) throw mismatch();
  const policy = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as Policy; // it is ours: so it is whole
  const isNamed = [...fields].every(
    ([name, value]) =>
      name === 'policy' ||
      name === 'x-amz-signature' ||
      policy.conditions.some((one) => !Array.isArray(one) && isCondition(one, name, value)),
  );
  const isFulfilled = policy.conditions.every(
    (one) => Array.isArray(one) || Object.entries(one).every(([name, value]) => name === 'bucket' || field(name) === value),
  );
  if (!isNamed || !isFulfilled) throw new RefusedUpload('AccessDenied', 'The form has other fields than its policy.');
  if (now.getTime() > Date.parse(policy.expiration)) throw expired();
  const range = policy.conditions.find((one) => Array.isArray(one));
  return { key: field('key'), contentType: field('content-type'), sizeBytes: range![2], isOpen: range![1] !== range![2] };
}

const isCondition = (one: Record<string, string>, name: string, value: string): boolean =>
  Object.entries(one).some(([wanted, content]) => wanted.toLowerCase() === name && content === value);

function dateOf(text: string | undefined): Date | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? [];
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at.getTime()) || amzDate(at) !== text ? undefined : at;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSameText = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));
