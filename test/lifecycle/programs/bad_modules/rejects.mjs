// A module whose function fails.
export default () => Promise.reject(new Error('nothing to show'));
