export interface Told {
  readonly milliseconds: number;
  /** How many files were on the disk before. */
  readonly files: number;
  /** Names of those that are not there as they were. */
  readonly lost: readonly string[];
  /** What the client that was writing ended with. */
  readonly clientsError: string;
  /** Whether clients can write again. */
  readonly writing: boolean;
}

export function tellStory(guarded: boolean): Promise<Told>;
