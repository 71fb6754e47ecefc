import { conformance } from './all.js';
import { locks } from './locks.js';
import { absent } from './target.js';
import { openExample, openMirrorfs } from './targets.js';
import { xattr } from './xattr.js';
import { naming } from './names.js';

// The topics that an option of a mount concerns, under that option.

conformance('mirrorfs --user-mode-lock', () => openMirrorfs('--user-mode-lock'), [locks]);

conformance(
  'mirrorfs --no-alt-streams',
  () =>
    openExample('mirrorfs', (backing) => ['--root', backing, '--no-alt-streams'], {
      xattrs: absent('the option --no-alt-streams takes them away'),
      // Without streams a colon introduces nothing, so no character has to stand for it.
      privateUseNames: true,
    }),
  [xattr, naming],
);
