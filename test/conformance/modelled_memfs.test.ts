import { conformance } from './all.js';
import { openModelledMemfs } from './bridged_targets.js';

conformance('memfs below the model of the library', openModelledMemfs);
