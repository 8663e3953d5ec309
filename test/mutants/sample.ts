import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sourcesOf } from './areas.ts';
import { type Mutant, mutantsOf } from './mutate.ts';

/** A part of an area's mutants. The same seed takes the same ones, also while others change other lines. */
export function sampleOf(area: string, root: string, wanted: { file: string; sample: number; seed: string }): Mutant[] {
  const files = sourcesOf(area, root).map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
  return files
    .filter(({ file }) => file.includes(wanted.file))
    .flatMap(({ file, text }) => mutantsOf(file, text).filter((mutant) => !isReplaced(mutant, text, files)))
    .map((mutant) => ({ mutant, at: createHash('sha256').update(`${wanted.seed} ${mutant.name}`).digest('hex') }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, wanted.sample)
    .map(({ mutant }) => mutant);
}

/** Whether a later migration of the module makes this function anew, or drops it, or this trigger. */
function isReplaced({ file, offset, length }: Mutant, text: string, files: readonly { file: string; text: string }[]): boolean {
  if (!file.endsWith('.sql')) return false;
  const upTo = text.slice(0, offset);
  const [, name] = [...upTo.matchAll(/create (?:or replace )?function ([\w.]+)/g)].at(-1) ?? [];
  const [, trigger] = /^create (?:constraint )?trigger (\w+)/.exec(text.slice(offset, offset + length)) ?? [];
  const isInFunction = name && upTo.split('$$').length % 2 === 0;
  const again = trigger
    ? `drop trigger (?:if exists )?${trigger}\\b`
    : isInFunction
      ? `(?:create or replace|drop) function (?:if exists )?${name}\\b`
      : undefined;
  if (!again) return false;
  const later = files.filter((other) => other.file.endsWith('.sql') && basename(other.file) > basename(file)).map((other) => other.text);
  return [text.slice(offset + length), ...later].some((rest) => new RegExp(again).test(rest));
}
