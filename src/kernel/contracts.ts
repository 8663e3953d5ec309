import type { z } from 'zod';
import type { EventKind } from './events.ts';
import type { ProblemKind } from './problems.ts';

/** One thing that other modules may ask: schemas in and out, and how it may refuse. */
export interface OperationSpec<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly input: I;
  readonly output: O;
  readonly problems: readonly ProblemKind<never>[];
}

export const operation = <I extends z.ZodType, O extends z.ZodType>(spec: {
  input: I;
  output: O;
  problems?: readonly ProblemKind<never>[];
}): OperationSpec<I, O> => ({
  problems: [],
  ...spec,
});

type Operations = Readonly<Record<string, OperationSpec>>;

/** The public part of a module: the operations that others may call, and the events that it sends. */
export interface Contract<Name extends string = string, Ops extends Operations = Operations> {
  readonly name: Name;
  readonly operations: Ops;
  readonly events: Readonly<Record<string, EventKind>>;
}

export const contract = <const Name extends string, Ops extends Operations>(
  name: Name,
  parts: { operations: Ops; events?: Readonly<Record<string, EventKind>> },
): Contract<Name, Ops> => ({ name, operations: parts.operations, events: parts.events ?? {} });

/** A contract as its caller sees it: functions. They are the same if the module runs here or elsewhere. */
export type Client<C extends Contract> = {
  readonly [Name in keyof C['operations']]: (
    input: z.infer<C['operations'][Name]['input']>,
  ) => Promise<z.infer<C['operations'][Name]['output']>>;
};

/** A contract as its module fulfils it. */
export type Fulfilment<C extends Contract, Ctx> = {
  readonly [Name in keyof C['operations']]: (
    ctx: Ctx,
    input: z.infer<C['operations'][Name]['input']>,
  ) => Promise<z.infer<C['operations'][Name]['output']>>;
};
