import { describeWindows } from './windows_suite.js';
import { openWindowsMemfs } from './bridged_targets.js';

describeWindows('memfs on Windows', openWindowsMemfs);
