/**
 * What a file system may lack. Each is `true`, or says why it is absent; nothing is tried out and
 * swallowed, so that a feature that breaks is a failure and not a skip.
 */
export interface Features {
  /** Nodes of FIFOs, sockets and devices. Absent: EPERM. */
  specialFiles: Feature;
  /** `user.` extended attributes. */
  xattrs: Feature;
  hardLinks: Feature;
  symbolicLinks: Feature;
  /** statx gives a birth time. */
  birthTime: Feature;
  /** RENAME_EXCHANGE. */
  exchange: Feature;
  /** FALLOC_FL_PUNCH_HOLE. */
  punchHole: Feature;
  /** FALLOC_FL_KEEP_SIZE, and fallocate that extends. */
  fallocate: Feature;
  /** O_DIRECT. */
  directIo: Feature;
  /** O_TMPFILE. */
  temporaryFiles: Feature;
  /** Memory maps that are shared. */
  sharedMaps: Feature;
  /** Users other than the one who mounted get in. */
  otherUsers: Feature;
  /** chmod to any mode is kept, and a new file has the mode it was made with. */
  modes: Feature;
  /** chown to any owner is kept. */
  ownership: Feature;
  /** Names that are not UTF-8. */
  rawNames: Feature;
  /** Names with U+F03A, which stands for a colon where a colon introduces a stream. Absent: EILSEQ. */
  privateUseNames: Feature;
  /** Extended attributes of a file that has no name any more. Absent: EOPNOTSUPP. */
  unlinkedXattrs: Feature;
  /** Times before 1901 and after 2446 are what ext4 cannot hold; before 1970 and after 2038 must do. */
  wideTimes: Feature;
  /** Files of more than 4 GiB, sparse. */
  largeFiles: Feature;
  /** A file in use is replaced by rename without a moment in which there is none. */
  atomicReplace: Feature;
  /** The access time is kept up by reading (relatime at least). */
  accessTimes: Feature;
  /** Times are kept to the nanosecond. Absent: in units of 100 ns, as NT has them. */
  nanoseconds: Feature;
  /** A change of anything but the data moves ctime alone. Absent: ctime is mtime. */
  changeTimes: Feature;
  /** Holes take no storage, and st_blocks says so. */
  sparseFiles: Feature;
  /** Entries of a listing have the inode that stat gives. */
  listedInodes: Feature;
  /** Names with a backslash. Absent: EINVAL. */
  backslashes: Feature;
  /** Names that Windows' own programs cannot use: wildcards, a dot at the end, devices of DOS. */
  oddNames: Feature;
  /** Name and name are two files. */
  caseSensitive: Feature;
  /** A file that has no name any more has a link count of 0. Absent: 1. */
  zeroLinks: Feature;
  /** A rename replaces an empty directory. Absent: EACCES. */
  replacedDirectories: Feature;
  /** Paths of 4095 bytes. */
  longPaths: Feature;
}

export type Feature = true | { readonly absent: string };

/** What the test does only where it can; what it is about goes among the needs of the test. */
export function has({ features }: Pick<Target, 'features'>, feature: keyof Features): boolean {
  return features[feature] === true;
}

/** The link count of a file that has no name any more. */
export const linksWithoutName = (target: Pick<Target, 'features'>): number =>
  has(target, 'zeroLinks') ? 0 : 1;

export const absent = (reason: string): Feature => ({ absent: reason });

/** What the suite asks of a complete POSIX file system. */
export const allFeatures: Features = {
  specialFiles: true,
  xattrs: true,
  hardLinks: true,
  symbolicLinks: true,
  birthTime: true,
  exchange: true,
  punchHole: true,
  fallocate: true,
  directIo: true,
  temporaryFiles: true,
  sharedMaps: true,
  otherUsers: true,
  modes: true,
  ownership: true,
  rawNames: true,
  privateUseNames: true,
  unlinkedXattrs: true,
  wideTimes: true,
  largeFiles: true,
  atomicReplace: true,
  accessTimes: true,
  nanoseconds: true,
  changeTimes: true,
  sparseFiles: true,
  listedInodes: true,
  backslashes: true,
  oddNames: true,
  caseSensitive: true,
  zeroLinks: true,
  replacedDirectories: true,
  longPaths: true,
};

/** A file system under test. */
export interface Target {
  /** An empty directory on it. */
  readonly directory: string;
  readonly features: Features;
  /**
   * How many times longer than usual a request takes, 1 when not given: tests of mere quantity do
   * so much less.
   */
  readonly slowness?: number;
  /** A directory on another file system, for EXDEV. */
  readonly elsewhere: string;
  /** Ends it; fails when it does not end as it should. */
  close(): Promise<void>;
}
