import type { Module } from '#kernel/module.ts';
import { microservicesModule } from './microservices/module.ts';
import { platformModule } from './platform/module.ts';

/** The APIs of other systems that Souk speaks too. They come after all modules, because no module calls them. */
export const dialects: readonly Module[] = [platformModule, microservicesModule];
