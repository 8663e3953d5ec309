import { z } from 'zod';
import { raw, type Sql, sql } from './database.ts';
import { type ProblemKind, problem } from './problems.ts';

/** A way from one state to another. `guard` and `money` are words for people; the operation does what they say. */
export interface Transition<State extends string = string> {
  readonly from: State | readonly State[];
  readonly command: string;
  /** Null where the row is deleted. */
  readonly to: State | null;
  /** Who gives the command, in words of the module such as `seller`; `system` is Souk itself. */
  readonly who: string | readonly string[];
  /** What must hold beside the state. */
  readonly guard?: string;
  /** The column with the time at which the system gives the command, and the module's timer that looks for it. */
  readonly timer?: { readonly due: string; readonly name: string };
  readonly money?: string;
}

/** The states of one kind of thing, and every way between them. What no transition names cannot happen. */
export interface States<State extends string = string> {
  /** The thing, in the singular: `product`. */
  readonly name: string;
  /** Its table, with the schema; the state is in the column `state`. */
  readonly table: string;
  readonly states: readonly State[];
  /** The states in which it may begin, each with who begins it so, or when. */
  readonly begins: { readonly [S in State]?: string };
  readonly transitions: readonly Transition<State>[];
}

export interface Machine<State extends string, Command extends string> extends States<State> {
  /** Its states as a schema, which is an enum in the API document. */
  readonly State: z.ZodEnum<{ [S in State]: S }>;
  /** 409, with what the state allows instead. */
  readonly wrongState: ProblemKind<{ state: string; command: string; allowed: string[] }>;
  /** The state that a command leads to. @throws wrongState when no transition leads there. */
  after(state: State, command: Command): State;
  /** SQL that is true of rows whose state allows the command, or one of several. It has no parameters, so that partial indexes serve it. */
  allows(command: Command | readonly Command[], column?: string): Sql;
  /** SQL that is true of rows for which the time of the command has come. */
  due(command: Command, now: Date): Sql;
}

export type StateOf<M> = M extends States<infer State> ? State : never;

/**
 * Declares the states of a thing once. `module({ machines })` makes them known: `docs/states.md` draws them, and test/states.test.ts
 * compares them with the CHECK and the trigger `states` of their table, and tries every transition that is not here.
 *
 * @throws Error when a command leads from one state to two, or a state is never reached.
 */
export function machine<const State extends string, const Ways extends readonly Transition<State>[]>(
  declared: States<State> & { readonly states: readonly State[]; readonly transitions: Ways },
): Machine<State, Ways[number]['command']> {
  const { name, table, states } = declared;
  const transitions: readonly Transition<State>[] = declared.transitions;
  refuseMistakes(declared);
  const wrongState = wrongStateOf(table.split('.')[0]!, name, states.at(-1)!);
  const wayOf = (command: string) => transitions.filter((way) => way.command === command);
  const allows = (commands: string | readonly string[], column = 'state'): Sql => {
    const from = [
      ...new Set(
        listOf(commands)
          .flatMap(wayOf)
          .flatMap(({ from }) => listOf(from)),
      ),
    ];
    return raw(from.length === 1 ? `${column} = '${from[0]}'` : `${column} in (${from.map((state) => `'${state}'`).join(', ')})`);
  };
  return {
    ...declared,
    State: z.enum(states as readonly [State, ...State[]]) as z.ZodEnum<{ [S in State]: S }>,
    wrongState,
    allows,
    after(state, command) {
      const to = wayOf(command).find(({ from }) => listOf(from).includes(state))?.to;
      if (to === undefined || to === null) throw wrongState({ state, command, allowed: allowedTo(transitions, state) });
      return to;
    },
    due(command, now) {
      const timer = wayOf(command).find((way) => way.timer)?.timer;
      if (!timer) throw new Error(`No timer gives the command ${command} to a ${name}.`);
      return sql`${allows(command)} and ${raw(timer.due)} <= ${now}::timestamptz`;
    },
  };
}

/** The refusal of a thing whose state does not allow a command, for contracts of modules whose machine is their own affair. */
export const wrongStateOf = (module: string, name: string, example: string): Machine<string, string>['wrongState'] =>
  problem({
    code: `${module}/wrong-state`,
    status: 409,
    title: 'Not possible in this state',
    members: { state: z.string().meta({ example }), command: z.string(), allowed: z.array(z.string()) },
    detail: ({ state, command, allowed }) =>
      `This ${name} is ${state}, which does not allow ${command}. ${allowed.length > 0 ? `It allows ${allowed.join(', ')}` : 'Nothing changes it any more'}.`,
  });

export const listOf = <T extends string>(one: T | readonly T[]): readonly T[] => (typeof one === 'string' ? [one] : one);

/** The commands that people may give in a state. */
const allowedTo = (transitions: readonly Transition[], state: string): string[] => [
  ...new Set(
    transitions
      .filter(({ from, who }) => listOf(from).includes(state) && listOf(who).some((one) => one !== 'system'))
      .map(({ command }) => command),
  ),
];

/** The pairs that the trigger `states` of the table takes: `draft>submitted`, and `reopening>` where the row is deleted. */
export const waysOf = ({ transitions }: States): string[] => [
  ...new Set(transitions.flatMap(({ from, to }) => listOf(from).flatMap((state) => (state === to ? [] : [`${state}>${to ?? ''}`])))),
];

function refuseMistakes({ name, states, begins, transitions }: States): void {
  const led = new Map<string, string | null>();
  for (const { from, command, to } of transitions) {
    for (const state of listOf(from)) {
      const way = `${command} of a ${name} that is ${state}`;
      if (led.has(way) && led.get(way) !== to)
        throw new Error(`${way} leads to ${led.get(way)} and to ${to}: give one of them a name of its own.`);
      led.set(way, to);
    }
  }
  const unreached = states.find((state) => !(state in begins) && !transitions.some(({ to }) => to === state));
  if (unreached) throw new Error(`No ${name} is ever ${unreached}.`);
}
