import { Dispatcher } from '../../dispatcher.js';
import { expected, type CallbackError } from '../../errors.js';
import type { DokanOperations } from '../../operations.js';
import { resolveOptions, type MountOptions } from '../../options.js';
import { Volume } from '../../volume.js';
import { DriverClient } from './client.js';
import { Driver } from './driver.js';
import { LibraryBackend } from './library_backend.js';
import { LoopbackVolume, type Notification } from './loopback_volume.js';

/** How the model behaves, where it has a choice. */
export interface LoopbackSettings {
  /**
   * Milliseconds until the driver itself gives a request up, which then fails with
   * INSUFFICIENT_RESOURCES. The binding keeps resetting the driver's clock while a promise is
   * outstanding, until `operationTimeout`; so this happens only to a program that blocks its thread.
   * Default Infinity.
   */
  requestTimeout?: number;
  /**
   * `dokan`: `moveFile` is asked whatever is open. `ntfs`: a directory with open files below it,
   * and a target that is open, are refused with ACCESS_DENIED before that. Default `dokan`.
   */
  renameRules?: 'dokan' | 'ntfs';
}

/** A volume without driver or mount, and the applications that use it. Made by `loopback`. */
export class LoopbackClient extends DriverClient implements AsyncDisposable {
  /**
   * The volume as `mount` would have returned it. Who listens to its 'error' events takes
   * programming errors of the file system upon himself; otherwise `unmount` throws them.
   */
  readonly volume: Volume;
  /** What the file system told of changes through `volume.notify`, in order. */
  readonly notifications: readonly Notification[];
  readonly #errors: CallbackError[];

  /** Made by `loopback`. */
  constructor(driver: Driver, volume: Volume, hosted: LoopbackVolume, errors: CallbackError[]) {
    super(driver);
    this.volume = volume;
    this.notifications = hosted.notifications;
    this.#errors = errors;
  }

  /**
   * The programming errors of callbacks so far, for a test that expects them: what is taken is not
   * thrown by `unmount`.
   */
  takeErrors(): CallbackError[] {
    return this.#errors.splice(0);
  }

  /**
   * Unmounts. Opens that are left have their `cleanup` and `closeFile`, then `unmounted` is called.
   * @throws AggregateError of CallbackErrors when callbacks failed in a way that is a programming
   *   error and nobody heard of it: a test must not pass then
   */
  async unmount(): Promise<void> {
    await this.volume.unmount();
    const errors = this.takeErrors();
    if (errors.length === 0) return;
    const messages = errors.map(({ message }) => message).join('\n');
    throw new AggregateError(errors, `The file system has programming errors:\n${messages}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
  }
}

/**
 * Mounts a file system for a unit test: no driver, no privileges, no mount point. Requests go through
 * a model of the Dokan driver, with its share modes, locks and pending deletions, to the callbacks
 * in this process. Opens are those of an application on Windows.
 *
 * @param operations - the callbacks; methods of a class instance are called on it
 * @param options - as `mount` takes them; those about the mount itself do nothing
 * @throws OptionError exactly where `mount` does
 */
export async function loopback<Context = unknown>(
  operations: DokanOperations<Context>,
  options?: MountOptions,
  settings: LoopbackSettings = {},
): Promise<LoopbackClient> {
  checkOperations(operations);
  const resolved = resolveOptions(options);
  const { requestTimeout = Infinity, renameRules = 'dokan' } = settings;
  const errors: CallbackError[] = [];
  let volume: Volume | undefined = undefined as Volume | undefined;
  const dispatcher = new Dispatcher(operations, {
    ...resolved,
    onError: (error) => {
      if (volume !== undefined && volume.listenerCount('error') > 0) volume.report(error);
      else errors.push(error);
    },
  });
  const driver = new Driver(new LibraryBackend(dispatcher, resolved), {
    ...resolved,
    requestTimeout,
    renameRules,
  });
  const hosted = new LoopbackVolume(driver);
  volume = new Volume(hosted, dispatcher);
  await dispatcher.mounted(hosted.mountPoint);
  return new LoopbackClient(driver, volume, hosted, errors);
}

function checkOperations(operations: unknown): void {
  if (typeof operations !== 'object' || operations === null) {
    throw expected('operations', 'an object with callbacks', operations);
  }
}
