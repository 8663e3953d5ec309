import { existsSync } from 'node:fs';
import { gatherSettings } from '#adapters/secrets/index.ts';
import type { Module } from '#kernel/module.ts';
import { isSettingName, type Settings } from '#kernel/settings.ts';
import { BadSettings } from '#kernel/settings-part.ts';
import { readSoukSettings, settingsParts } from '../src/souk.ts';
import { loadModules } from './modules.ts';
import { fail } from './shell.ts';

function readEnvFile(): void {
  if (!existsSync('.env')) return;
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    throw new BadSettings(`the file .env cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * The modules, and their settings: from the environment, from `.env` beside the checkout, from files and from Vault. What the
 * environment says wins.
 * A person at the terminal is not shown a line for every call, unless they ask for it.
 */
export async function loadSettings(): Promise<{ settings: Settings; modules: readonly Module[] }> {
  try {
    readEnvFile();
    const modules = await loadModules(process.env.SOUK_MODULES);
    const given = await gatherSettings(process.env, (name) => isSettingName(name, settingsParts(modules)));
    return { settings: readSoukSettings({ LOG_LEVEL: process.stdout.isTTY ? 'warn' : 'info', ...given }, modules), modules };
  } catch (error) {
    if (error instanceof BadSettings) fail(new Error(`a setting is wrong. ${error.message}`));
    throw error;
  }
}
