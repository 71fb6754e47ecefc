import type { DiskFreeSpace } from '../../operations.js';

/**
 * What the driver model stands on. One method is one order that the Dokan driver gives to the
 * user-mode library (one I/O request); what callbacks an order becomes is the backend's business.
 * Names are Windows names within the volume (`\dir\file:stream`), times are FILETIMEs.
 *
 * A backend answers every order with a reply and rejects only when it is broken itself.
 */
export interface DriverBackend {
  create(order: CreateOrder): Promise<Reply<CreateReply>>;
  /** The last handle is closed. With `deleteOnClose` the file is to be deleted. */
  cleanup(order: CleanupOrder): Promise<Reply>;
  /** Nothing refers to the open any more. */
  close(order: FileOrder): Promise<Reply>;
  read(order: ReadOrder): Promise<Reply<{ readonly data: Buffer }>>;
  write(order: WriteOrder): Promise<Reply<{ readonly written: number }>>;
  flush(order: FileOrder): Promise<Reply>;
  queryInformation(order: FileOrder): Promise<Reply<InformationReply>>;
  queryStreams(order: FileOrder): Promise<Reply<{ readonly streams: readonly StreamReply[] }>>;
  setBasic(order: BasicOrder): Promise<Reply>;
  setAllocation(order: SizeOrder): Promise<Reply>;
  setEndOfFile(order: SizeOrder): Promise<Reply>;
  setValidDataLength(order: SizeOrder): Promise<Reply>;
  setDisposition(order: DispositionOrder): Promise<Reply<{ readonly deletePending: boolean }>>;
  rename(order: RenameOrder): Promise<Reply>;
  /** The whole listing at once: the driver model pages it. NO_SUCH_FILE when there is nothing. */
  queryDirectory(order: ListOrder): Promise<Reply<{ readonly entries: readonly EntryReply[] }>>;
  queryVolume(order: Order): Promise<Reply<VolumeReply>>;
  querySize(order: Order): Promise<Reply<SizeReply>>;
  lock(order: RangeOrder): Promise<Reply>;
  unlock(order: RangeOrder): Promise<Reply>;
  querySecurity(order: QuerySecurityOrder): Promise<Reply<SecurityReply>>;
  setSecurity(order: SetSecurityOrder): Promise<Reply>;
  /** The driver has given an order up; nobody waits for its reply. */
  expire(id: number): void;
}

/** An answer: an NTSTATUS, and the fields when that is a success. */
export type Reply<Fields = unknown> = { readonly status: number } & Partial<Fields>;

/** What every order says. */
export interface Order {
  /** Number of the request, for `expire`. */
  readonly id: number;
  /** Who asks; 0 when the kernel asks for itself. */
  readonly processId: number;
}

/** An order about an open file. */
export interface FileOrder extends Order {
  /** What the reply to `create` said; the backend's own. */
  readonly context: unknown;
  /** The file's present name. */
  readonly name: string;
  readonly isDirectory: boolean;
}

/** IRP_MJ_CREATE. */
export interface CreateOrder extends Order {
  readonly name: string;
  readonly desiredAccess: number;
  readonly fileAttributes: number;
  readonly shareAccess: number;
  readonly createDisposition: number;
  readonly createOptions: number;
  /** Open the directory that holds `name` (SL_OPEN_TARGET_DIRECTORY): a rename looks for its target. */
  readonly openTargetDirectory: boolean;
  readonly securityDescriptor: Buffer | undefined;
}

/** What a create did: IO_STATUS_BLOCK.Information. */
export const CreateInformation = {
  SUPERSEDED: 0,
  OPENED: 1,
  CREATED: 2,
  OVERWRITTEN: 3,
  EXISTS: 4,
  DOES_NOT_EXIST: 5,
} as const;

export interface CreateReply {
  /** One of `CreateInformation`; also in a failure. */
  readonly information: number;
  readonly isDirectory: boolean;
  readonly context: unknown;
}

export interface CleanupOrder extends FileOrder {
  readonly deleteOnClose: boolean;
}

/** How data is transferred: the flags of the request. */
export interface TransferOrder extends FileOrder {
  readonly offset: number;
  readonly pagingIo: boolean;
  readonly synchronousIo: boolean;
  readonly noCache: boolean;
}

export interface ReadOrder extends TransferOrder {
  readonly length: number;
}

export interface WriteOrder extends TransferOrder {
  readonly data: Buffer;
  readonly writeToEndOfFile: boolean;
}

/** FILE_ALL_INFORMATION, as far as Dokan fills it. */
export interface InformationReply {
  readonly attributes: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  readonly size: number;
  readonly allocationSize: number;
  readonly links: number;
  readonly index: bigint;
  readonly isDirectory: boolean;
}

export interface StreamReply {
  readonly name: string;
  readonly size: number;
}

/** FILE_BASIC_INFORMATION: attributes of 0, and times of 0 or of all bits, are to be left. */
export interface BasicOrder extends FileOrder {
  readonly attributes: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
}

export interface SizeOrder extends FileOrder {
  readonly size: number;
}

export interface DispositionOrder extends FileOrder {
  readonly delete: boolean;
}

export interface RenameOrder extends FileOrder {
  readonly newName: string;
  /** Bit 0: replace what is there. */
  readonly flags: number;
}

export interface ListOrder extends FileOrder {
  /** DOS wildcards; undefined for all. */
  readonly pattern: string | undefined;
  readonly restartScan: boolean;
  readonly caseSensitive: boolean;
}

export interface EntryReply {
  readonly name: string;
  readonly attributes: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  readonly size: number;
}

export interface VolumeReply {
  readonly label: string;
  readonly serial: number;
  readonly maxComponent: number;
  readonly flags: number;
  readonly fileSystemName: string;
}

/** Bytes; multiples of the allocation unit. */
export interface SizeReply {
  readonly available: DiskFreeSpace['freeBytesAvailable'];
  readonly total: DiskFreeSpace['totalBytes'];
  readonly free: DiskFreeSpace['totalFreeBytes'];
  readonly allocationUnitSize: number;
  readonly sectorSize: number;
}

export interface RangeOrder extends FileOrder {
  readonly offset: number;
  readonly length: number;
}

export interface QuerySecurityOrder extends FileOrder {
  /** Bits of `SecurityInformation`. */
  readonly securityInformation: number;
  /** Bytes there is room for. */
  readonly length: number;
}

export interface SecurityReply {
  /** Bytes of the descriptor, also when it does not fit (BUFFER_OVERFLOW). */
  readonly needed: number;
  readonly descriptor: Buffer;
}

export interface SetSecurityOrder extends FileOrder {
  readonly securityInformation: number;
  readonly descriptor: Buffer;
}
