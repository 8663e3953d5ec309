import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

const setup = join(import.meta.dirname, 'setup.mjs');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'souk-setup-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a program runs with its arguments and its exit code becomes ours', async () => {
  const wrapper = start('console.log(process.argv.slice(2).join("|")); process.exit(7)', 'a', 'b c');

  expect(await endOf(wrapper)).toEqual({ code: 7, printed: 'a|b c\n' });
});

test('a program that a signal ended gives 128 and the number of the signal', async () => {
  const wrapper = start('process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)');

  expect(await endOf(wrapper)).toEqual({ code: 137, printed: '' });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s is passed on once, even if it comes several times, and the program ends in its own time',
  async (signal) => {
    const wrapper = start(`
    process.on('${signal}', () => { console.log('asked'); setTimeout(() => process.exit(3), 300) });
    setInterval(() => {}, 1000);
    console.log('ready');`);
    const end = endOf(wrapper);
    await once(wrapper.stdout!, 'data');

    wrapper.kill(signal);
    await setTimeout(100);
    wrapper.kill(signal);

    expect(await end).toEqual({ code: 3, printed: 'ready\nasked\n' });
  },
);

test('a program hears that the set-up was killed', async () => {
  const note = join(folder, 'heard');
  const wrapper = start(`
    process.on('disconnect', () => { require('node:fs').writeFileSync('${note}', 'gone'); process.exit() });
    console.log('ready');`);
  await once(wrapper.stdout!, 'data');

  wrapper.kill('SIGKILL');

  await expect.poll(() => readFileSync(note, 'utf8')).toBe('gone');
});

test('programs that a program starts find the same Node', async () => {
  const wrapper = start(
    'console.log(require("node:child_process").execSync("node -p process.execPath").toString() === process.execPath + "\\n")',
  );

  expect((await endOf(wrapper)).printed).toBe('true\n');
});

test('a script of package.json runs through npm, and its failure is ours', async () => {
  const wrapper = spawn(process.execPath, [setup, 'npm:no-such-script'], { stdio: ['ignore', 'pipe', 'ignore'] });

  expect((await endOf(wrapper)).code).toBe(1);
});

test('starting nothing is refused with a sentence', async () => {
  const wrapper = spawn(process.execPath, [setup], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [sentence] = await once(wrapper.stderr!, 'data');

  expect(String(sentence)).toBe('souk: Say what to start: node apps/setup.mjs <file.ts> [arguments…], or npm:<script>.\n');
});

let programs = 0;

/** Runs the set-up in a session of its own, where no terminal sends the program a signal besides ours. */
function start(program: string, ...given: string[]): ChildProcess {
  const file = join(folder, `program-${++programs}.cts`);
  writeFileSync(file, program);
  return spawn(process.execPath, [setup, file, ...given], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; printed: string }> {
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, printed };
}
