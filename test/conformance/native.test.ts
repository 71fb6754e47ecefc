import { conformance } from './all.js';
import { openNative } from './targets.js';

conformance('native', openNative);
