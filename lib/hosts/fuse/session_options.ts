import type { ResolvedOptions } from '../../options.js';
import type { RequestTarget } from '../../target.js';
import type { SessionOptions } from './session.js';

/**
 * @param time - milliseconds since the epoch, for files whose file system gives no time
 */
export function sessionOptions(
  target: RequestTarget,
  options: ResolvedOptions,
  time: number,
): SessionOptions {
  return {
    entryTimeout: options.entryTimeout,
    attributeTimeout: options.attributeTimeout,
    negativeTimeout: options.negativeTimeout,
    listingTimeout: listingTimeout(options),
    keepCache: options.keepCache,
    directIo: options.directIo,
    noOpen: options.noOpen,
    noOpendir: options.noOpendir,
    writebackCache: options.writebackCache,
    altStreams: options.altStreams,
    extendedAttributes: options.extendedAttributes,
    userModeLock: options.userModeLock,
    severalThreads: options.threads > 1,
    pollTime: options.pollTime,
    passthrough: options.passthrough,
    allowOther: options.allowOther,
    defaults: {
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      time: BigInt(time) * 1_000_000n,
      blockSize: options.allocationUnitSize,
      symbolicLinks: target.supports('readLink'),
    },
  };
}

/** How long a listing is good for, in milliseconds. */
function listingTimeout(options: ResolvedOptions): number {
  const { cacheListings, noOpendir, threads, entryTimeout, attributeTimeout } = options;
  // Of several threads each knows only of its own opens. Where there are none the kernel keeps
  // listings by its own rule.
  if (!cacheListings || noOpendir || threads > 1) return 0;
  // Attributes come with a listing. Where they do not last as long, asking for those of each file
  // would cost more than the listing.
  return attributeTimeout > 0 ? Math.min(entryTimeout, attributeTimeout) : entryTimeout;
}
