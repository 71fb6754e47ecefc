/**
 * - `starting`: its process runs and has not mounted yet;
 * - `mounted`;
 * - `hung`: mounted, and its process does not answer;
 * - `backing off`: it ended, and is started again at `nextStart`;
 * - `stopping`;
 * - `stopped`: by whoever asked for it, or it ended in an orderly manner and is not to be restarted;
 * - `failed`: it ended with an error, and is not started again.
 */
export type KeeperState =
  'starting' | 'mounted' | 'hung' | 'backing off' | 'stopping' | 'stopped' | 'failed';

/** One mount as `dokan service status --json` has it. Times are ISO 8601; null: there is none. */
export interface KeeperStatus {
  readonly point: string;
  readonly state: KeeperState;
  /** When it came into that state. */
  readonly since: string;
  readonly processId: number | null;
  /** Its process was started by a service before this one. */
  readonly adopted: boolean;
  /** How often this service has started it again after it had ended. */
  readonly restarts: number;
  readonly nextStart: string | null;
  /** Why it ended last, or hangs. */
  readonly lastError: string | null;
  /** Example or module. */
  readonly program: string;
  readonly log: string;
}
