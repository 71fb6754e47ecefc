/** What the service's keepers share. */
export interface KeeperContext {
  readonly runtime: string;
  readonly logs: string;
  /** The configuration's. */
  readonly directory: string;
  /** Says something to whoever reads the service's own output. */
  readonly say: (line: string) => void;
  /** Something has happened: the mounts are to be looked at soon. */
  readonly wake: () => void;
}
