// A module of a thread that the event loop gives nothing to watch its device with.
import { loadLinuxAddon } from '../../../../dist/hosts/addon.js';

const addon = loadLinuxAddon();
const { joinThreads } = addon;
addon.joinThreads = (id) => {
  const device = joinThreads(id);
  device.start = () => {
    throw new Error('no loop watches it');
  };
  return device;
};

export default {};
