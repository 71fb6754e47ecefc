import { conformance } from './all.js';
import { openMirrorfs } from './targets.js';

conformance('mirrorfs', () => openMirrorfs('--allow-other'));
