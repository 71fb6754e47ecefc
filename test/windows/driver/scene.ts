import type { MountOptions } from 'node-dokan';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { CreateDisposition, CreateOptions, FileAccess } from '../../../lib/constants.js';
import { statusName } from '../../../lib/status.js';
import type { Fields, ReplyOf, SimulatorClient } from '../../simulator/client.js';
import { eventually } from '../../support/eventually.js';
import { missingWine } from '../../support/wine.js';
import {
  checkCounters,
  WindowsHost,
  type HostEvent,
  type HostFailure,
  type HostOptions,
} from './host_process.js';

/** Who asks, in every order of a scene. */
export const PROCESS = 4242;

/** One call of a callback, as the file system saw it. */
export interface Call {
  readonly callback: string;
  /** All but the open. */
  readonly args: readonly unknown[];
  readonly file: {
    /** Number of the FileContext object: the same for the same one. */
    readonly open: number;
    readonly context?: unknown;
    readonly isDirectory: boolean;
    readonly deletePending: boolean;
    readonly processId: number;
    readonly pagingIo: boolean;
    readonly synchronousIo: boolean;
    readonly noCache: boolean;
    readonly writeToEndOfFile: boolean;
  };
}

/** What a callback is to do; see programs/script.mjs. */
export interface Action {
  /** Not the next call alone. */
  readonly always?: boolean;
  /** Answers by a promise. */
  readonly async?: boolean;
  /** Answers by a promise, when it is released by this name. */
  readonly hold?: string;
  readonly returns?: unknown;
  /** Into the buffer of a read. */
  readonly fill?: Buffer;
  /** The same, of a file of this size; each byte is its offset plus `seed`, modulo 251. */
  readonly pattern?: { readonly size: number; readonly seed?: number; readonly own?: boolean };
  readonly bytes?: number;
  readonly throws?: Failure;
  readonly entries?: readonly object[];
  readonly asynchronous?: boolean;
  /** Fails after the entries. */
  readonly breaks?: Failure;
  readonly isDirectory?: boolean;
  readonly context?: unknown;
  /** Hands a real file through; with `closed`, its descriptor is closed as soon as the open is made. */
  readonly backing?: {
    readonly number?: unknown;
    readonly path?: string;
    readonly flags?: string;
    readonly closed?: boolean;
  };
  readonly resetTimeout?: number;
  readonly token?: 'read' | 'close' | 'later';
  /** Tells when its signal fires. */
  readonly watch?: boolean;
  /** Says nothing of the call. */
  readonly silent?: boolean;
}

interface Failure {
  /** A name of `NtStatus`. */
  readonly status?: string | number;
  readonly code?: string;
  readonly type?: string;
  readonly value?: unknown;
}

/** An open, as the driver names it in its orders. */
export type Opened = Fields & { readonly context: string; readonly name: string };

/** A scripted volume in the Windows process, and the driver's side of it. */
export class Scene {
  readonly host: WindowsHost;
  readonly simulator: SimulatorClient;
  readonly name: string;
  readonly mountPoint: string;
  /** Its number. */
  readonly volume: number;
  #seen = 0;

  constructor(
    host: WindowsHost,
    simulator: SimulatorClient,
    name: string,
    mountPoint: string,
    volume: number,
  ) {
    this.host = host;
    this.simulator = simulator;
    this.name = name;
    this.mountPoint = mountPoint;
    this.volume = volume;
  }

  /** An order of the driver. @returns its reply, whatever its status */
  order<Op extends string>(op: Op, fields: Fields = {}, payload?: Buffer): Promise<ReplyOf<Op>> {
    return this.simulator.order(
      op,
      { volume: this.volume, processId: PROCESS, ...fields },
      payload,
    );
  }

  /** @throws Error unless the order succeeds */
  async must<Op extends string>(op: Op, fields?: Fields, payload?: Buffer): Promise<ReplyOf<Op>> {
    const reply = await this.order(op, fields, payload);
    if (reply.status !== 0) throw new Error(`${op}: ${statusName(reply.status)}`);
    return reply;
  }

  /** The name of an order's status. */
  async status(op: string, fields?: Fields, payload?: Buffer): Promise<string> {
    return statusName((await this.order(op, fields, payload)).status);
  }

  /** @param name - `\dir...` is a directory */
  async open(name = '\\f', fields: Fields = {}, payload?: Buffer): Promise<Opened> {
    const all = {
      name,
      desiredAccess: FileAccess.FILE_GENERIC_READ,
      createDisposition: CreateDisposition.OPEN,
      createOptions: CreateOptions.SYNCHRONOUS_IO_NONALERT,
      ...fields,
    };
    const { context, isDirectory } = await this.must('create', all, payload);
    return { context, name, isDirectory };
  }

  async close(opened: Opened, deleteOnClose = false): Promise<void> {
    await this.must('cleanup', { ...opened, deleteOnClose });
    await this.must('close', opened);
  }

  async answer(callback: string, action: Action | null): Promise<void> {
    await this.host.order('answer', this.name, callback, action);
  }

  async release(key: string): Promise<void> {
    await this.host.order('release', this.name, key);
  }

  /** The calls since it was asked last. */
  async calls(): Promise<Call[]> {
    // The answer comes behind all that was told before.
    await this.host.order('sync');
    const { events } = this.host;
    const since = events.slice(this.#seen);
    this.#seen = events.length;
    return since.filter(
      (event) => event.event === 'call' && event.volume === this.name,
    ) as unknown as Call[];
  }

  /** Names and paths of the calls since. */
  async called(): Promise<string[]> {
    return (await this.calls()).map(({ callback, args: [path] }) => {
      return typeof path === 'string' ? `${callback} ${path}` : callback;
    });
  }

  /** Waits until a callback is being called, which has not answered perhaps. */
  async calling(callback: string): Promise<void> {
    await eventually(`a call of ${callback}`, () =>
      this.host.events
        .slice(this.#seen)
        .some((each) => each.event === 'call' && each['callback'] === callback),
    );
  }

  /** No request is in flight any more: every thread of the library has come back. */
  async idle(): Promise<void> {
    await eventually('the threads to come back', async () => {
      return (await this.simulator.must('counters')).requests === 0;
    });
  }

  /** An event of this volume. */
  event(event: string, fields: Readonly<Record<string, unknown>> = {}): Promise<HostEvent> {
    return this.host.event(event, { volume: this.name, ...fields });
  }

  async errors(): Promise<HostEvent[]> {
    await this.host.order('sync');
    return this.host.events.filter(
      ({ event, volume }) => event === 'error' && volume === this.name,
    );
  }

  async openCount(): Promise<number> {
    return (await this.host.order('openCount', this.name)) as number;
  }

  async unmount(options: { force?: boolean } = {}): Promise<void> {
    await this.host.order('unmount', this.name, options);
  }

  /** How the volume ended. */
  async closed(): Promise<string> {
    return ((await this.host.order('closed', this.name)) as { reason: string }).reason;
  }
}

/** What the tests of a file share: one Windows process, one connection, and the volumes of each test. */
export class Bench {
  #host: WindowsHost | undefined;
  #simulator: SimulatorClient | undefined;
  readonly #scenes: Scene[] = [];
  #count = 0;

  get host(): WindowsHost {
    return this.#host!;
  }

  get simulator(): SimulatorClient {
    return this.#simulator!;
  }

  async start(options?: HostOptions): Promise<void> {
    this.#host = await WindowsHost.start(options);
    this.#simulator = await this.#host.simulator();
  }

  /** Mounts a scripted volume. @param absent - callbacks it has not */
  async mount(
    options: MountOptions = {},
    absent: readonly string[] = [],
    point = 'M:',
  ): Promise<Scene> {
    const name = `volume ${String(++this.#count)}`;
    const mountPoint = await this.host.mount(name, point, options, absent);
    const { volumes } = await this.simulator.must('mounts');
    const { volume } = volumes.at(-1)!;
    const scene = new Scene(this.host, this.simulator, name, mountPoint, volume);
    this.#scenes.push(scene);
    return scene;
  }

  /** What a mount fails with; nothing when it does not, and is unmounted. */
  async failure(point: string, options: MountOptions = {}): Promise<HostFailure> {
    const { error } = await this.host.ask('mount', 'failing', point, options, []);
    if (error === undefined) await this.host.order('unmount', 'failing', {});
    return error ?? {};
  }

  /** After each test: its volumes go, and leave nothing behind. */
  async clear(): Promise<void> {
    for (const scene of this.#scenes.splice(0)) {
      await scene.unmount({ force: true });
      expect(await scene.openCount(), 'opens that the file system was not told the end of').toBe(0);
    }
    checkCounters(await this.simulator.must('counters'));
    this.host.events.splice(0);
  }

  async end(): Promise<void> {
    if (this.#host !== undefined) await this.#host.end(this.simulator);
  }
}

/** A suite whose file systems run in Windows' Node. */
export function describeWindows(
  title: string,
  body: (bench: Bench) => void,
  options?: HostOptions,
): void {
  const missing = missingWine();
  describe.skipIf(missing !== undefined)(`${title} ${missing ?? ''}`.trim(), () => {
    const bench = new Bench();
    beforeAll(() => bench.start(options), 600_000);
    afterEach(() => bench.clear());
    afterAll(() => bench.end());
    body(bench);
  });
}
