import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Module } from '#kernel/module.ts';
import { BadSettings, listOf } from '#kernel/settings-part.ts';
import { everything } from '../src/souk.ts';

/**
 * Souk's own modules, then those of others that SOUK_MODULES names: files that export a module, with commas, from the folder in
 * which Souk is started.
 * @throws BadSettings when a file is not there, exports no module, or one whose name is taken.
 */
export async function loadModules(named: string | undefined): Promise<readonly Module[]> {
  const all = [...everything];
  for (const path of listOf(named ?? '')) {
    const module = await moduleIn(path);
    if (all.some(({ name }) => name === module.name)) throw new BadSettings(`SOUK_MODULES: there are two modules called ${module.name}`);
    all.push(module);
  }
  return all;
}

async function moduleIn(path: string): Promise<Module> {
  const exported: Record<string, unknown> = await import(pathToFileURL(resolve(path)).href).catch((error: Error) => {
    throw new BadSettings(`SOUK_MODULES: ${path} cannot be loaded (${error.message})`);
  });
  const [module, ...others] = Object.values(exported).filter(isModule);
  if (!module || others.length > 0)
    throw new BadSettings(
      `SOUK_MODULES: ${path} must export one module, made by module({ … }); it exports ${others.length > 0 ? 'several' : 'none'}`,
    );
  return module;
}

const isModule = (value: unknown): value is Module => typeof value === 'object' && value !== null && 'offers' in value && 'routes' in value;
