import fc from 'fast-check';
import * as opens from './open_calls.js';
import * as paths from './path_calls.js';
import type { Call } from './step.js';

const weighted = (weight: number, ...calls: fc.Arbitrary<Call>[]) =>
  calls.map((arbitrary) => ({ weight, arbitrary }));

/** Any call. Those that make things come more often, or there would be little to work on. */
export const calls: fc.Arbitrary<Call> = fc.oneof(
  ...weighted(12, opens.open),
  ...weighted(6, paths.rename, opens.write, opens.pwrite),
  ...weighted(5, paths.mkdir, paths.link, paths.stat, opens.fstat, opens.pread),
  ...weighted(4, paths.unlink, paths.symlink, paths.list, opens.read, opens.close),
  ...weighted(3, paths.rmdir, paths.utimens, paths.setxattr, opens.ftruncate, opens.mapWrite),
  ...weighted(2, paths.truncate, paths.chmod, paths.getxattr, paths.removexattr, paths.readlink),
  ...weighted(2, opens.openDirectory, opens.allocate, opens.seek, opens.futimens),
  ...weighted(1, opens.dup, opens.fsync, opens.fchmod, opens.fsetxattr, opens.fgetxattr),
  ...weighted(1, paths.listxattr),
);
