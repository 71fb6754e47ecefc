export const EVENTS: Readonly<Record<string, unknown>>;

export interface Measured {
  readonly milliseconds: number;
  readonly lost: number;
  readonly hanging: number;
}

export function measure(name: string): Promise<Measured>;
