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
  /** chown and chmod to any owner and mode are kept. */
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
  /** The access time is kept up by reading (relatime at least). */
  accessTimes: Feature;
}

export type Feature = true | { readonly absent: string };

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
  ownership: true,
  rawNames: true,
  privateUseNames: true,
  unlinkedXattrs: true,
  wideTimes: true,
  largeFiles: true,
  accessTimes: true,
};

/** A file system under test. */
export interface Target {
  /** An empty directory on it. */
  readonly directory: string;
  readonly features: Features;
  /** A directory on another file system, for EXDEV. */
  readonly elsewhere: string;
  /** Ends it; fails when it does not end as it should. */
  close(): Promise<void>;
}
