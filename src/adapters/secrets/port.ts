/** A place that settings come from, by their names in the environment. */
export interface SettingsSource {
  /** @throws BadSettings that says what is wrong and what to do, never a value. */
  read(env: Environment): Promise<Environment>;
}

export type Environment = Readonly<Record<string, string | undefined>>;
