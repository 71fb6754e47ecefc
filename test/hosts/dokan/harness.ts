import { afterEach, expect } from 'vitest';
import { CreateDisposition, FileAccess } from '../../../lib/constants.js';
import { Session, type SessionOptions } from '../../../lib/hosts/dokan/session.js';
import { NtStatus, statusName } from '../../../lib/status.js';
import { harness, type AnyOperations } from '../../dispatcher/harness.js';
import type { Answer } from './fake_answer.js';
import { FakeNative, type Question } from './fake_native.js';

/** When the volumes of these tests were mounted: nanoseconds since the Unix epoch. */
export const MOUNT_TIME = 1_600_000_000_000_000_000n;

const rigs: Rig[] = [];

afterEach(() => {
  // Each slot completed exactly once, nothing touched after that.
  for (const rig of rigs.splice(0)) {
    if (rig.isStrict) expect(rig.native.verify()).toEqual([]);
    expect(rig.native.violations).toEqual([]);
  }
});

export interface CreateArguments {
  access?: number;
  attributes?: number;
  share?: number;
  disposition?: number;
  options?: number;
  context?: number;
  thread?: number;
  descriptor?: Uint8Array;
  flags?: number;
}

/** A volume with its file system, and Dokan's threads played by the test. */
export class Rig {
  readonly native: FakeNative;
  readonly session: Session;
  readonly errors: unknown[];
  readonly dispatcher;
  /** False: the test leaves requests unanswered on purpose. */
  isStrict = true;

  constructor(
    operations: AnyOperations,
    options: Partial<SessionOptions & { operationTimeout: number }> = {},
  ) {
    const {
      altStreams = true,
      caseSensitive = false,
      writeProtect = false,
      time = MOUNT_TIME,
    } = options;
    const made = harness(operations, {
      altStreams,
      caseSensitive,
      operationTimeout: options.operationTimeout ?? 60_000,
    });
    this.dispatcher = made.dispatcher;
    this.errors = made.errors;
    let native!: FakeNative;
    this.session = new Session(
      made.dispatcher,
      { altStreams, caseSensitive, writeProtect, time },
      (onRequests, onClosed, onSlowTransfers) =>
        (native = new FakeNative(onRequests, onClosed, onSlowTransfers)),
    );
    this.native = native;
    rigs.push(this);
  }

  ask(question: Question): Promise<Answer> {
    return this.native.ask(question);
  }

  /** Asks what must be answered without a promise. */
  async atOnce(question: Question): Promise<Answer> {
    const answer = this.native.ask(question);
    expect(this.native.outstanding).toBe(0);
    return answer;
  }

  createLater(name: string, given: CreateArguments = {}): Promise<Answer> {
    const { access = FileAccess.FILE_GENERIC_READ, disposition = CreateDisposition.OPEN } = given;
    const question: Question = {
      operation: 'CREATE_FILE',
      name,
      arguments: [access, given.attributes ?? 0, given.share ?? 7, disposition, given.options ?? 0],
      context: given.context ?? 0,
      thread: given.thread ?? 1,
      flags: given.flags ?? 0,
    };
    if (given.descriptor !== undefined) {
      question.flags = (question.flags ?? 0) | (1 << 12);
      question.source = given.descriptor;
      question.arguments!.push(given.descriptor.length);
    }
    return this.native.ask(question);
  }

  /** Opens, and gives the open's number. */
  async open(name: string, given: CreateArguments = {}): Promise<number> {
    const answer = await this.createLater(name, given);
    expect(statusName(answer.status)).toMatch(/^(SUCCESS|OBJECT_NAME_COLLISION)$/);
    expect(answer.context).toBeGreaterThan(0);
    return answer.context;
  }

  async release(context: number, name: string, flags = 0): Promise<void> {
    await this.ask({ operation: 'CLEANUP', name, context, flags });
    await this.ask({ operation: 'CLOSE_FILE', name, context });
  }
}

export function status(answer: Answer): string {
  return statusName(answer.status);
}

export { NtStatus };
