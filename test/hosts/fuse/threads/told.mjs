// Counts in shared memory how often it is told that its volume is mounted.
export default ({ data }) => ({
  mounted() {
    Atomics.add(new Int32Array(data), 0, 1);
  },
});
