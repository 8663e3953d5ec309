/** Who holds it may store one object: exactly under this key, with this type and this size, until it expires. */
export interface SignedUpload {
  readonly upload: { readonly method: 'PUT'; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** The same as a POST of multipart/form-data: these fields first, then the file in a field `file`. */
  readonly form: { readonly url: string; readonly fields: Readonly<Record<string, string>> };
}

export interface UploadWish {
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Neither type nor size are signed, for senders who know only the address: `sizeBytes` is the most. */
  readonly isOpen?: boolean;
  readonly now: Date;
  readonly expiresInSeconds: number;
}

export interface ReadWish {
  readonly key: string;
  readonly now: Date;
  readonly expiresInSeconds: number;
}

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly storedAt: Date;
}

/** Objects by their keys: letters, digits and `/ . - _`. What is written is there whole or not at all. */
export interface Storage {
  signUpload(wish: UploadWish): Promise<SignedUpload>;
  /** Stores an object under a key, and replaces an older one. Caches may store it for ever, unless it is private. */
  write(key: string, bytes: Uint8Array, contentType: string, isPrivate?: boolean): Promise<void>;
  /** undefined: there is no such object. */
  look(key: string): Promise<StoredObject | undefined>;
  /** The object, or the bytes from `first` to `last` of it. @throws Error when there is none */
  read(key: string, range?: { first: number; last: number }): Promise<AsyncIterable<Uint8Array>>;
  /** What is not there is removed already. */
  remove(keys: readonly string[]): Promise<void>;
  /** Objects whose keys begin so, in the order of their keys, at most 1,000. */
  list(prefix: string, after?: string): Promise<StoredObject[]>;
  /** Removes what was begun before that time and never became an object. */
  tidy(before: Date): Promise<void>;
  /** Reads that Souk answers, whatever the store. */
  readonly reads: SignedReads;
  /** Where Souk is the store: how uploads come in. undefined where they go to another system. */
  readonly door: StorageDoor | undefined;
}

/** A signed request as it arrives. */
export interface ArrivingRequest {
  /** The address that was asked, with its query. */
  readonly url: string;
  readonly header: (name: string) => string | undefined;
  /** In small letters. */
  readonly headerNames: () => readonly string[];
}

/** What a signature allows. */
export interface AllowedUpload {
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Any size up to that. */
  readonly isOpen: boolean;
}

/** Why a signed request is refused. The words are those of S3. */
export class RefusedUpload extends Error {
  readonly reason: 'SignatureDoesNotMatch' | 'AccessDenied';

  constructor(reason: RefusedUpload['reason'], message: string) {
    super(message);
    this.name = 'RefusedUpload';
    this.reason = reason;
  }
}

/** Signed addresses below `/v1` that Souk answers, because the store alone cannot. */
export interface SignedReads {
  /** Who has the address may send a GET or a HEAD to it until it expires. */
  sign(wish: ReadWish): Promise<string>;
  /** @returns the key that was signed. @throws RefusedUpload when method, path or time are not those that were signed */
  judge(request: ArrivingRequest, now: Date): Promise<string>;
}

export interface StorageDoor {
  /** @throws RefusedUpload when method, path, type, size or time are not those that were signed */
  judgePut(request: ArrivingRequest, now: Date): Promise<AllowedUpload>;
  /** @throws RefusedUpload when the policy is not ours, is over, or the fields are not those that it names */
  judgeForm(fields: ReadonlyMap<string, string>, now: Date): Promise<AllowedUpload>;
  /**
   * Stores what comes, a chunk at a time, where nothing is stored yet. Nothing is stored when its size is not what is allowed
   * (`wrong-size`), or when an object has the key by then, which stays (`exists`).
   */
  receive(upload: AllowedUpload, chunks: AsyncIterable<Uint8Array>): Promise<'stored' | 'wrong-size' | 'exists'>;
}
