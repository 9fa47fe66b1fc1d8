// Memory that is given back at once. A collector counts objects, not the bytes behind them: of 64 KiB buffers that are
// garbage, V8 lets 64 MiB and more come together before it looks. Where bytes are used once and by one owner, they are
// released by hand instead (docs/design/0006-memory.md).

/**
 * Frees the memory under `bytes` now. They and every other view of the same buffer are empty afterwards, so this is only
 * for whoever alone has them: what a store, a codec or object storage answered belongs to the one that asked. Views of
 * a part of a larger buffer are left alone.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
