import { describeWindows } from './windows_suite.js';
import { openWindowsMirrorfs } from './bridged_targets.js';

describeWindows('mirrorfs on Windows', openWindowsMirrorfs);
