import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canReach } from './embedded-home.ts';
import { ask, begin, folder, readyOf, said, serverPid, start, startChild, testFolder, useTestFolders } from './embedded-test-folders.ts';
import { startOf } from './processes.ts';

const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65534, gid: 65534 };
if (!isRoot) console.info('Not run: what the embedded PostgreSQL does when root starts it. Only root can try that.');

useTestFolders();

test.runIf(isRoot)('started by root, PostgreSQL itself runs as an ordinary user', async () => {
  await start();

  expect(statSync(`/proc/${serverPid()}`).uid).not.toBe(0);
});

test.runIf(isRoot)('files that root brought back from a backup are given to the user of the server', async () => {
  chownSync(join(folder, 'data'), 0, 0);
  chownSync(join(folder, 'data/PG_VERSION'), 0, 0);

  const database = await start();

  expect(await ask(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test.runIf(isRoot)('a folder that the server cannot reach gets its files elsewhere, and a note says where', async () => {
  begin();
  chmodSync(testFolder, 0o700);
  const database = await start();
  const elsewhere = readFileSync(join(folder, 'location'), 'utf8').trim();

  expect(said.join()).toContain(`its files lie in ${elsewhere}`);
  expect(await ask(database.url, "select current_setting('data_directory') as data")).toEqual([{ data: join(elsewhere, 'data') }]);

  await database.stop();
  rmSync(elsewhere, { recursive: true });
});

test.runIf(isRoot && canReach(nobody, import.meta.dirname))('an ordinary user starts it as herself and stops it', async () => {
  const node = join(testFolder, 'node'); // root's own may lie where nobody else can go
  copyFileSync(process.execPath, node);
  begin();
  mkdirSync(folder);
  chownSync(folder, nobody.uid, nobody.gid);
  const child = startChild({ node, ...nobody });
  await readyOf(child);
  const pid = serverPid();

  expect(statSync(`/proc/${pid}`).uid).toBe(nobody.uid);

  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(startOf(pid)).toBeUndefined();
});
