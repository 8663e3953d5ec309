import { z } from 'zod';
import type { OperationSpec } from './contracts.ts';
import { Id, Time } from './shapes.ts';

export interface Whose {
  accountId: string;
}

/**
 * What happens in a module when an account closes. A closure asks every module that declares it, in one order: what blocks it,
 * close, then either reopen or forget. It resumes after a crash, so each of these may run twice, and twice is once.
 */
export interface AccountLife<Ctx = never> {
  /** What keeps the account from being closed. Each is a name that its owner reads. */
  readonly blockers?: (ctx: Ctx, whose: Whose) => Promise<string[]>;
  /**
   * Lets nothing new begin for the account. An operation that begins commits its row and then looks whether the account is closed; a
   * closure commits and then asks for blockers: one of the two sees the other. Returns false if the account may not be closed.
   */
  readonly close?: (ctx: Ctx, whose: Whose) => Promise<boolean>;
  readonly reopen?: (ctx: Ctx, whose: Whose) => Promise<void>;
  /** Removes everything personal, permanently; ids and figures may stay. */
  readonly forget?: (ctx: Ctx, whose: Whose) => Promise<void>;
  readonly export?: AccountSections<Ctx>;
}

/** What a module adds to the export of an account: its sections and where they come from. */
export interface AccountSections<Ctx = never> {
  readonly sections: z.ZodRawShape;
  readonly run: (ctx: Ctx, whose: Whose & { limit: number }) => Promise<object>;
}

/** Declares sections of an export. `run` answers at most `limit` of each list; the export itself is cut shorter by one, and says so. */
export const exporting = <const S extends z.ZodRawShape, Ctx>(
  sections: S,
  run: (ctx: Ctx, whose: Whose & { limit: number }) => Promise<z.input<z.ZodObject<S>>>,
): AccountSections<Ctx> => ({ sections, run });

const OneAccount = z.object({ accountId: Id });
const Done = z.object({});

const operation = (input: z.ZodType, output: z.ZodType): OperationSpec => ({ input, output, problems: [] });

type Run = (ctx: never, input: never) => Promise<unknown>;

/** Whether an operation is one that `lifeOffers` makes. */
export const isOfLife = (operation: string): boolean => operation.startsWith('life.');

/** The operations that a declaration of `life` offers to the one who closes and exports accounts. */
export function lifeOffers(life: AccountLife): [name: string, offer: { spec: OperationSpec; run: Run }][] {
  const { blockers, close, reopen, forget, export: sections } = life;
  const offers: [string, OperationSpec, Run | undefined][] = [
    [
      'life.blockers',
      operation(OneAccount, z.object({ blockers: z.array(z.string()) })),
      blockers && (async (ctx, whose) => ({ blockers: await blockers(ctx, whose) })),
    ],
    [
      'life.close',
      operation(OneAccount, z.object({ closed: z.boolean() })),
      close && (async (ctx, whose) => ({ closed: await close(ctx, whose) })),
    ],
    ['life.reopen', operation(OneAccount, Done), reopen && ((ctx, whose) => reopen(ctx, whose).then(() => ({})))],
    ['life.forget', operation(OneAccount, Done), forget && ((ctx, whose) => forget(ctx, whose).then(() => ({})))],
    ['life.export', operation(OneAccount.extend({ limit: z.int() }), z.object(sections?.sections ?? {})), sections?.run],
  ];
  return offers.flatMap(([name, spec, run]) => (run ? [[name, { spec, run }]] : []));
}

/** Asks all modules that declare `life`, in this process or elsewhere. Lowest first, except to reopen: then the account itself comes last. */
export interface EveryModule {
  blockers(whose: Whose): Promise<string[]>;
  /** False where one of them may not close the account. */
  close(whose: Whose): Promise<boolean>;
  reopen(whose: Whose): Promise<void>;
  forget(whose: Whose): Promise<void>;
  /** All sections in one object. */
  export(whose: Whose & { limit: number }): Promise<Record<string, unknown>>;
}

interface Living {
  readonly name: string;
  readonly life: AccountLife | undefined;
}

export function everyModule(
  modules: readonly Living[],
  ask: (module: string, operation: string, input: object) => Promise<unknown>,
): EveryModule {
  const having = (part: keyof AccountLife) => modules.filter(({ life }) => life?.[part]).map(({ name }) => name);
  const inTurn = async <Answer>(names: readonly string[], part: string, input: object): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (const name of names) answers.push((await ask(name, `life.${part}`, input)) as Answer);
    return answers;
  };
  return {
    blockers: async (whose) =>
      (await inTurn<{ blockers: string[] }>(having('blockers'), 'blockers', whose)).flatMap(({ blockers }) => blockers),
    close: async (whose) => (await inTurn<{ closed: boolean }>(having('close'), 'close', whose)).every(({ closed }) => closed),
    reopen: async (whose) => void (await inTurn(having('reopen').reverse(), 'reopen', whose)),
    forget: async (whose) => void (await inTurn(having('forget'), 'forget', whose)),
    export: async (whose) => Object.assign({}, ...(await inTurn<object>(having('export'), 'export', whose))) as Record<string, unknown>,
  };
}

/** The export of an account without the sections of the modules; composing adds them. */
export const AccountExport = z.looseObject({
  exportedAt: Time,
  cut: z
    .array(z.string())
    .meta({ description: 'Lists that are longer than the part shown here. Their own routes return the rest', example: [] }),
});

/** The export with all sections, as the API describes it. @throws Error when two modules bring the same section. */
export function accountExportOf(modules: readonly Living[]): z.ZodType {
  const sections: Record<string, z.core.$ZodType> = {};
  for (const { name, life } of modules) {
    for (const [section, schema] of Object.entries(life?.export?.sections ?? {})) {
      if (Object.hasOwn(sections, section)) throw new Error(`${name} exports the section ${section}, which another module has already.`);
      sections[section] = schema;
    }
  }
  return z.object({ exportedAt: AccountExport.shape.exportedAt, ...sections, cut: AccountExport.shape.cut }).meta({ id: 'CustomerExport' });
}
