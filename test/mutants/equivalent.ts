/**
 * Mutants that change nothing that anybody could see, by name, each with the reason. They do not count.
 * A mutant that could be seen but is not stays a survivor: docs/mutants.md tells of it.
 */
export const equivalent: ReadonlyMap<string, string> = new Map<string, string>([]);
