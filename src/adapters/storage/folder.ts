import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { judgeForm, judgePut } from './judging.ts';
import type { Storage, StoredObject } from './port.ts';
import { soukReads } from './reads.ts';
import { bucketOfSouk, type SoukStore, signUpload } from './signing.ts';

export interface FolderParts extends SoukStore {
  readonly folder: string;
}

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
const LISTED = 1000;

/**
 * Objects as files of a folder, and uploads by requests to Souk itself, signed and judged as S3 does. Several processes may share the
 * folder. A file is written beside its place and moved there, so that nobody sees half of it.
 */
export function folderStorage({ folder, ...souk }: FolderParts): Storage {
  const bucketOf = () => bucketOfSouk(souk);
  const pathOf = (key: string): string => {
    if (!KEY.test(key)) throw new Error(`No object can have the key ${key}.`);
    return join(folder, 'objects', key);
  };

  /** Writes chunks to a file of its own, and puts it to its place when `isWhole` says so. */
  const put = async (
    key: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    isWhole: (sizeBytes: number) => boolean,
    place: (unfinished: string, path: string) => Promise<boolean>,
  ): Promise<'stored' | 'wrong-size' | 'exists'> => {
    const path = pathOf(key);
    const unfinished = join(folder, 'unfinished', randomBytes(12).toString('hex'));
    await mkdir(dirname(unfinished), { recursive: true, mode: 0o700 });
    const file = await open(unfinished, 'wx', 0o600);
    let size = 0;
    try {
      for await (const chunk of chunks) {
        size += chunk.length;
        await file.writeFile(chunk); // all of it, also where the system takes less at a time
      }
      const whole = isWhole(size);
      if (whole) await file.datasync();
      await file.close();
      if (!whole) return 'wrong-size';
      return (await placed(path, () => place(unfinished, path))) ? 'stored' : 'exists';
    } finally {
      await file.close().catch(() => {});
      await rm(unfinished, { force: true });
    }
  };

  const look = async (key: string): Promise<StoredObject | undefined> => {
    const found = await stat(pathOf(key)).catch(absent);
    return found?.isFile() ? { key, sizeBytes: found.size, storedAt: found.mtime } : undefined;
  };

  return {
    signUpload: (wish) => signUpload(bucketOf(), wish),
    async write(key, bytes) {
      await put(key, [bytes], () => true, replacing);
    },
    look,
    async read(key, range) {
      const file = await open(pathOf(key), 'r');
      return createReadStream('', { fd: file, ...(range ? { start: range.first, end: range.last } : {}) });
    },
    async remove(keys) {
      for (const key of keys) await rm(pathOf(key), { force: true });
      for (const place of new Set(keys.map((key) => dirname(pathOf(key))))) await removeEmpty(place, join(folder, 'objects'));
    },
    async list(prefix, after = '') {
      const root = join(folder, 'objects');
      const names = await readdir(join(root, dirname(`${prefix}x`)), { recursive: true, withFileTypes: true }).catch(absent);
      const keys = (names ?? [])
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(root.length + 1)
            .replaceAll(sep, '/'),
        )
        .filter((key) => key.startsWith(prefix) && key > after)
        .sort()
        .slice(0, LISTED);
      return (await Promise.all(keys.map(look))).filter((object) => object !== undefined);
    },
    async tidy(before) {
      const place = join(folder, 'unfinished');
      for (const name of (await readdir(place).catch(absent)) ?? []) {
        const found = await stat(join(place, name)).catch(absent);
        if (found && found.mtime < before) await rm(join(place, name), { force: true });
      }
    },
    reads: soukReads(souk),
    door: {
      judgePut: (request, now) => judgePut(bucketOf(), request, now),
      judgeForm: (fields, now) => judgeForm(bucketOf(), fields, now),
      receive: ({ key, sizeBytes, isOpen }, chunks) =>
        put(key, atMost(chunks, sizeBytes), (size) => (isOpen ? size > 0 && size <= sizeBytes : size === sizeBytes), keepingFirst),
    },
  };
}

/** A folder that is empty for a moment may be removed by another process in between. */
async function placed(path: string, place: () => Promise<boolean>, tries = 5): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return place().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || tries === 0) throw error;
    return placed(path, place, tries - 1);
  });
}

const replacing = async (unfinished: string, path: string): Promise<boolean> => {
  await rename(unfinished, path);
  return true;
};

/** What file systems say that have no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Of several that come at once the first stays; a file system without hard links sees only those that are there already. @returns false where one is there */
const keepingFirst = (unfinished: string, path: string): Promise<boolean> =>
  link(unfinished, path).then(
    () => true,
    async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      if (!NO_LINKS.has(error.code ?? '')) throw error;
      return (await stat(path).catch(absent)) ? false : replacing(unfinished, path);
    },
  );

/** Ends once there is more than is wanted: the rest need not come. */
async function* atMost(chunks: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    yield chunk;
    if (size > limitBytes) return;
  }
}

const absent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
};

/** A folder that holds nothing any more. One that another process fills at this moment stays. */
async function removeEmpty(path: string, root: string): Promise<void> {
  if (path.length <= root.length) return;
  await rmdir(path).then(
    () => removeEmpty(dirname(path), root),
    () => {},
  );
}
